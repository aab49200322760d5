package site

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"porthole/server/wire"
)

// metrics answers in Prometheus' format, from a registry of its own.
func (s *Site) metrics() http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		collector{s},
	)
	return promhttp.HandlerFor(registry, promhttp.HandlerOpts{})
}

// collector reads the figures when they are asked for, so that nothing has to
// be counted twice.
type collector struct{ site *Site }

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("porthole_"+name, help, labels, nil)
}

var (
	descViewers    = describe("viewers", "Viewers of the stream now.")
	descWatching   = describe("viewers_watching", "Viewers now that are not paused.")
	descPublished  = describe("messages_published_total", "Messages published, by type.", "type")
	descSent       = describe("frames_sent_total", "Frames that viewers took.")
	descSkipped    = describe("frames_skipped_total", "Frames replaced by newer ones before a viewer took them.")
	descSamples    = describe("samples_total", "Samples taken.")
	descContainers = describe("containers_sampled_total", "Containers read in all samples together.")
	descSpent      = describe("sample_seconds_total", "Time in which samples were read and published.")
	descEngine     = describe("engine_up", "1 where the container engine answers, else 0.", "engine")
	descBuild      = describe("build_info", "Always 1; the version is in the label.", "version")
)

func (c collector) Describe(descriptions chan<- *prometheus.Desc) {
	prometheus.DescribeByCollect(c, descriptions)
}

func (c collector) Collect(metrics chan<- prometheus.Metric) {
	counter := func(d *prometheus.Desc, v float64, labels ...string) {
		metrics <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, v, labels...)
	}
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		metrics <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	stats := c.site.Hub.Stats()
	gauge(descViewers, float64(stats.Viewers))
	gauge(descWatching, float64(stats.Watching))
	for messageType, n := range stats.Published {
		counter(descPublished, float64(n), messageType)
	}
	counter(descSent, float64(stats.Sent))
	counter(descSkipped, float64(stats.Skipped))

	figures := c.site.Figures()
	counter(descSamples, float64(figures.Samples))
	counter(descContainers, float64(figures.Containers))
	counter(descSpent, figures.Spent.Seconds())

	engine := c.site.Host().Engine
	up := 0.0
	if engine.State == wire.EngineUp {
		up = 1
	}
	gauge(descEngine, up, engine.Name)
	gauge(descBuild, 1, c.site.Version)
}
