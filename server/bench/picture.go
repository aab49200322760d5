package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"math"
	"os"
	"regexp"
	"runtime"
	"strings"
	"time"

	"github.com/prometheus/procfs"
	"golang.org/x/sys/unix"

	"porthole/server/site"
	"porthole/static"
)

// growth is what the picture shows, and what it keeps of it as text, so that it
// can be drawn again and is known to be drawn from figures.
type growth struct {
	Measured   string  `json:"measured"` // the day
	Kernel     string  `json:"kernel"`
	Processors int     `json:"processors"`
	Others     float64 `json:"othersCores"` // used by all else meanwhile, in cores, on average
	Limit      int     `json:"limitViewers"`
	Containers int     `json:"containers"`
	Rows       []row   `json:"rows"`
}

// row is one measure over the number of viewers.
type row struct {
	Title  string  `json:"title"`
	Unit   string  `json:"unit"`
	Goal   float64 `json:"goal"`
	At     int     `json:"goalAtViewers"`
	Points []point `json:"points"`
}

type point struct {
	Viewers int     `json:"viewers"`
	Value   float64 `json:"value"`
}

// growthOf puts what was seen together with the machine it was seen on.
func growthOf(all []seen) (growth, error) {
	var kernel unix.Utsname
	if err := unix.Uname(&kernel); err != nil {
		return growth{}, err
	}
	g := growth{
		Measured: time.Now().Format("2 January 2006"), Kernel: unix.ByteSliceToString(kernel.Release[:]), Processors: runtime.NumCPU(),
		Limit: site.DefaultViewers, Containers: hallContainers,
		Rows: []row{
			{Title: "the server's processor time", Unit: "% of a core", Goal: goalShare, At: goalAt},
			{Title: "its memory", Unit: "MB", Goal: goalMemory, At: goalAt},
			{Title: "lag from sample to viewer, 99th percentile", Unit: "ms", Goal: goalLag, At: goalAt},
		},
	}
	for _, s := range all {
		g.Others += s.others / float64(len(all))
		for i, value := range []float64{s.share * 100, s.memory, s.lag} {
			g.Rows[i].Points = append(g.Rows[i].Points, point{s.viewers, value})
		}
	}
	return g, nil
}

// The sheet, in pixels.
const (
	sheetWidth  = 860.0
	plotLeft    = 76.0
	plotRight   = 800.0
	rowTop      = 84.0
	rowHeight   = 116.0
	rowDistance = 176.0
)

// draw writes the picture as SVG.
func draw(w io.Writer, g growth) error {
	colours, err := colourTokens(static.FS)
	if err != nil {
		return err
	}
	kept, err := json.Marshal(g)
	if err != nil {
		return err
	}
	page := sheet{Growth: g, Kept: string(kept), Dark: template.CSS(colours[0]), Light: template.CSS(colours[1]),
		Width: sheetWidth, Left: plotLeft, Right: plotRight, LimitX: atX(g, g.Limit),
		Height: rowTop + float64(len(g.Rows))*rowDistance}
	page.Frame = page.Height - 41
	for _, viewers := range []int{0, g.Limit / 4, g.Limit / 2, g.Limit * 3 / 4} {
		viewers = (viewers + 50) / 100 * 100
		page.Ticks = append(page.Ticks, tick{atX(g, viewers), fmt.Sprint(viewers)})
	}
	for i, r := range g.Rows {
		page.Rows = append(page.Rows, drawnRow(g, r, rowTop+float64(i)*rowDistance))
	}
	return sheetTemplate.Execute(w, page)
}

type sheet struct {
	Growth                                    growth
	Kept                                      string
	Dark, Light                               template.CSS
	Width, Height, Left, Right, LimitX, Frame float64
	Ticks                                     []tick
	Rows                                      []drawn
}

type tick struct {
	X    float64
	Text string
}

type drawn struct {
	row
	Top, Base, GoalX, GoalY float64
	Line, Area              string
	Marks                   []mark
}

type mark struct {
	X, Y, TextX, TextY float64
	Text               string
}

func atX(g growth, viewers int) float64 {
	return plotLeft + (plotRight-plotLeft)*float64(viewers)/float64(g.Limit)
}

// drawnRow places a row's points; each row has a scale of its own, from 0.
func drawnRow(g growth, r row, top float64) drawn {
	most := r.Goal
	for _, p := range r.Points {
		most = max(most, p.Value)
	}
	base := top + rowHeight
	atY := func(value float64) float64 { return base - rowHeight*0.78*value/most }
	d := drawn{row: r, Top: top, Base: base, GoalX: atX(g, r.At), GoalY: atY(r.Goal)}
	var line strings.Builder
	taken := math.Inf(-1)
	for i, p := range r.Points {
		x, y := atX(g, p.Viewers), atY(p.Value)
		fmt.Fprintf(&line, "%c%.1f %.1f", "ML"[min(i, 1)], x, y)
		m := mark{X: x, Y: y, TextX: x, TextY: y - 9}
		if x-taken >= 60 { // else it would lie on the one before
			m.Text, taken = fmt.Sprintf("%.0f", p.Value), x
			m.TextX = max(x, plotLeft+16)
			if above := m.Y - d.GoalY; p.Viewers == r.At && above >= 0 && above < 20 {
				m.TextY = y + 20 // else it would lie on the goal's line
			}
		}
		d.Marks = append(d.Marks, m)
	}
	d.Line = line.String()
	if len(r.Points) > 0 {
		first, last := r.Points[0], r.Points[len(r.Points)-1]
		d.Area = fmt.Sprintf("%sL%.1f %.1fL%.1f %.1fZ", d.Line, atX(g, last.Viewers), base, atX(g, first.Viewers), base)
	}
	return d
}

var colourToken = regexp.MustCompile(`--(paper|ink|ink-2|ink-3|line|hair|accent): *(#[0-9a-f]{6})`)

// colourTokens are the page's own colours, of the dark and of the light sheet.
func colourTokens(files fs.FS) ([2]string, error) {
	text, err := fs.ReadFile(files, "css/tokens.css")
	if err != nil {
		return [2]string{}, err
	}
	dark, light, found := strings.Cut(string(text), `:root[data-theme="light"]`)
	if !found {
		return [2]string{}, errors.New("the page's colours cannot be found in css/tokens.css: it has no light sheet")
	}
	light, _, _ = strings.Cut(light, "}")
	var sheets [2]string
	for i, part := range []string{dark, light} {
		for _, token := range colourToken.FindAllStringSubmatch(part, -1) {
			sheets[i] += fmt.Sprintf("--%s:%s;", token[1], token[2])
		}
	}
	return sheets, nil
}

// machineWork is how long all processors have been at work since the machine
// started, in seconds.
func machineWork() (float64, error) {
	machine, err := procfs.NewDefaultFS()
	if err != nil {
		return 0, err
	}
	stat, err := machine.Stat()
	if err != nil {
		return 0, err
	}
	all := stat.CPUTotal
	return all.User + all.Nice + all.System + all.IRQ + all.SoftIRQ, nil
}

// savePicture draws into a file.
func savePicture(path string, g growth) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(draw(file, g), file.Close())
}

var sheetTemplate = template.Must(template.New("").Parse(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {{.Width}} {{.Height}}" width="{{.Width}}" height="{{.Height}}" role="img" aria-labelledby="title">
<title id="title">What the server costs, from 1 viewer to its limit of {{.Growth.Limit}}</title>
<desc id="figures">{{.Kept}}</desc>
<style>
svg{ {{- .Light -}} }
@media (prefers-color-scheme:dark){svg{ {{- .Dark -}} }}
text{font:13px Inter,system-ui,sans-serif;fill:var(--ink-2)}
.number,.axis{font-family:"JetBrains Mono",ui-monospace,Menlo,Consolas,"DejaVu Sans Mono",monospace;font-variant-numeric:tabular-nums slashed-zero}
.number{fill:var(--ink);text-anchor:middle;paint-order:stroke;stroke:var(--paper);stroke-width:4px}
.axis{fill:var(--ink-3);text-anchor:middle}
.title{fill:var(--ink);font-size:15px}
.legend{paint-order:stroke;stroke:var(--paper);stroke-width:10px}
.goal{fill:var(--accent)}
.end{text-anchor:end}
</style>
<rect width="100%" height="100%" fill="var(--paper)"/>
<rect x="16.5" y="24.5" width="827" height="{{.Frame}}" rx="2" fill="none" stroke="var(--line)"/>
<text class="title legend" x="32" y="30">What it costs from 1 viewer to the limit, at 10 samples a second</text>
<text x="32" y="54">{{.Growth.Containers}} containers. {{.Growth.Measured}}, kernel {{.Growth.Kernel}}, {{.Growth.Processors}} processors, which the viewers share; all else took {{printf "%.1f" .Growth.Others}} of them.</text>
{{- range .Rows}}
<text x="{{$.Left}}" y="{{.Top}}"><tspan style="fill:var(--ink)">{{.Title}}</tspan>, {{.Unit}}; <tspan class="goal">goal at {{.At}} viewers: at most {{.Goal}}</tspan></text>
<path d="{{.Area}}" fill="var(--ink)" fill-opacity=".14"/>
<path d="M{{$.Left}} {{.Base}}H{{$.Right}}" stroke="var(--line)"/>
<path d="{{.Line}}" fill="none" stroke="var(--ink)" stroke-width="1.75"/>
<path d="M{{.GoalX}} {{.GoalY}}h-28m28 0h28" stroke="var(--accent)" stroke-width="2"/>
{{- range .Marks}}
<circle cx="{{.X}}" cy="{{.Y}}" r="3" fill="var(--ink)"/>
{{- if .Text}}<text class="number" x="{{.TextX}}" y="{{.TextY}}">{{.Text}}</text>{{end}}
{{- end}}
{{- $base := .Base}}
{{- range $.Ticks}}
<text class="axis" x="{{.X}}" y="{{$base}}" dy="18">{{.Text}}</text>
{{- end}}
<path d="M{{$.LimitX}} {{.Base}}v-116" stroke="var(--ink)" stroke-width="2"/>
<text class="end" x="{{$.LimitX}}" y="{{.Base}}" dy="18"><tspan style="fill:var(--ink)">limit</tspan> {{$.Growth.Limit}} viewers</text>
{{- end}}
</svg>
`))
