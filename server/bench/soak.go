package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"porthole/server/wire"
)

// soak starts, stops and kills at random while viewers come and go, and then
// looks whether all is back where it began.
type soak struct {
	hall    *hall
	random  *rand.Rand
	lessons []string
	runs    []string
	viewers []*viewer
	seats   sync.WaitGroup
	tally   tally
	done    map[string]int
}

// The most runs and viewers at a time.
const soakRuns, soakViewers = 3, 60

// trace is all that the server may leave behind.
type trace struct {
	goroutines, files                      float64
	memory                                 float64 // MiB, resident
	containers, networks, volumes, cgroups int
}

// runSoak soaks for a while; the error says what did not come back.
func runSoak(ctx context.Context, lasting time.Duration) error {
	binary, err := buildServer(ctx)
	if err != nil {
		return err
	}
	h, err := openHall(ctx, binary)
	if err != nil {
		return err
	}
	defer h.close()
	seed := uint64(time.Now().UnixNano())
	s := &soak{hall: h, random: rand.New(rand.NewPCG(seed, 0)), done: map[string]int{}}
	fmt.Printf("a soak of %v, from seed %d\n", lasting, seed)
	if err := s.chooseLessons(); err != nil {
		return err
	}
	if err := s.stopAll(ctx); err != nil {
		return err
	}
	// What is made once (pools, caches) is made in the first minute: the trace
	// is taken after every kind of thing has happened.
	if err := s.storm(ctx, min(lasting/4, time.Minute)); err != nil {
		return err
	}
	if err := s.calm(ctx); err != nil {
		return err
	}
	before, err := s.look(ctx)
	if err != nil {
		return err
	}
	if err := s.storm(ctx, lasting); err != nil {
		return err
	}
	if err := s.calm(ctx); err != nil {
		return err
	}
	return s.compare(ctx, before)
}

func (s *soak) chooseLessons() error {
	var all []wire.Lesson
	if err := s.get("/api/v1/lessons", &all); err != nil {
		return err
	}
	for _, lesson := range all {
		if lesson.Unavailable == "" && len(lesson.Containers) > 0 && lesson.Slug != "hall" {
			s.lessons = append(s.lessons, lesson.Slug)
		}
	}
	return nil
}

func (s *soak) get(path string, into any) error {
	response, err := http.Get("http://" + s.hall.address + path)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	return json.NewDecoder(response.Body).Decode(into)
}

// storm does one thing after the other, at random.
func (s *soak) storm(ctx context.Context, lasting time.Duration) error {
	began := time.Now()
	for said := began; time.Since(began) < lasting; {
		if err := s.act(ctx); err != nil {
			return err
		}
		if time.Since(said) > 30*time.Second {
			said = time.Now()
			fmt.Printf("%4.0f s: %v\n", time.Since(began).Seconds(), s.done)
		}
		if err := pause(ctx, time.Duration(s.random.IntN(1500))*time.Millisecond); err != nil {
			return err
		}
	}
	return nil
}

func (s *soak) act(ctx context.Context) error {
	switch what := s.random.IntN(10); {
	case what < 3 && len(s.runs) < soakRuns:
		lesson := s.lessons[s.random.IntN(len(s.lessons))]
		response, err := http.Post("http://"+s.hall.address+"/api/v1/lessons/"+lesson+"/runs", "", nil)
		if err != nil {
			return err
		}
		var started wire.Started
		json.NewDecoder(response.Body).Decode(&started)
		response.Body.Close()
		if response.StatusCode == http.StatusCreated {
			s.runs = append(s.runs, started.ID)
			s.done["started"]++
		} else {
			s.done["refused"]++
		}
	case what < 5 && len(s.runs) > 0:
		i := s.random.IntN(len(s.runs))
		if err := s.stop(ctx, s.runs[i]); err != nil {
			return err
		}
		s.runs = slices.Delete(s.runs, i, i+1)
		s.done["stopped"]++
	case what < 6:
		if ours := s.ours("ps"); len(ours) > 0 {
			exec.CommandContext(ctx, "docker", "kill", ours[s.random.IntN(len(ours))]).Run()
			s.done["killed"]++
		}
	case what < 8 && len(s.viewers) < soakViewers:
		for range 1 + s.random.IntN(10) {
			v, err := connect(s.hall.address)
			if err != nil {
				return err
			}
			s.viewers = append(s.viewers, v)
			s.seats.Go(func() { v.watch(&s.tally) })
			s.done["came"]++
		}
	case len(s.viewers) > 0:
		i := s.random.IntN(len(s.viewers))
		s.viewers[i].conn.Close()
		s.viewers = slices.Delete(s.viewers, i, i+1)
		s.done["went"]++
	}
	return nil
}

func (s *soak) stop(ctx context.Context, run string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodDelete, "http://"+s.hall.address+"/api/v1/runs/"+run, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	response.Body.Close()
	if response.StatusCode/100 != 2 {
		return fmt.Errorf("the run %s cannot be stopped: %s", run, response.Status)
	}
	return nil
}

// stopAll stops every run that has not ended.
func (s *soak) stopAll(ctx context.Context) error {
	var runs []wire.Run
	if err := s.get("/api/v1/runs", &runs); err != nil {
		return err
	}
	for _, run := range runs {
		if !run.State.Ended() {
			if err := s.stop(ctx, run.ID); err != nil {
				return err
			}
		}
	}
	s.runs = nil
	return nil
}

// calm sends all home, and waits until nothing of ours is left on the engine.
func (s *soak) calm(ctx context.Context) error {
	for _, v := range s.viewers {
		v.conn.Close()
	}
	s.seats.Wait()
	s.viewers = nil
	if err := s.stopAll(ctx); err != nil {
		return err
	}
	http.DefaultClient.CloseIdleConnections()
	for deadline := time.Now().Add(30 * time.Second); len(s.ours("ps", "-a")) > 0; {
		if time.Now().After(deadline) {
			return fmt.Errorf("30 s after the last run was stopped there are still containers: %v", s.ours("ps", "-a"))
		}
		if err := pause(ctx, 100*time.Millisecond); err != nil {
			return err
		}
	}
	return pause(ctx, 3*time.Second) // the server notices closed connections in its own time
}

// ours lists what this server has made on the engine: the label says which
// process made it. kind is a command of docker that lists.
func (s *soak) ours(kind ...string) []string {
	id := "{{.ID}}"
	if kind[0] == "volume" {
		id = "{{.Name}}"
	}
	out, err := exec.Command("docker", append(kind, "--filter", "label=porthole.managed=true", "--format", id+` {{.Label "porthole.server"}}`)...).Output()
	if err != nil {
		return nil
	}
	var found []string
	for line := range strings.Lines(string(out)) {
		name, server, _ := strings.Cut(strings.TrimSpace(line), " ")
		if strings.Contains(server, fmt.Sprintf("/%d/", s.hall.server.Process.Pid)) {
			found = append(found, name)
		}
	}
	return found
}

// look takes a trace.
func (s *soak) look(ctx context.Context) (trace, error) {
	var t trace
	response, err := http.Get("http://" + s.hall.address + "/metrics")
	if err != nil {
		return t, err
	}
	defer response.Body.Close()
	values := map[string]float64{}
	for lines := bufio.NewScanner(response.Body); lines.Scan(); {
		if name, value, ok := strings.Cut(lines.Text(), " "); ok {
			values[name], _ = strconv.ParseFloat(value, 64)
		}
	}
	t.goroutines, t.files = values["go_goroutines"], values["process_open_fds"]
	t.memory = values["process_resident_memory_bytes"] / (1 << 20)
	t.containers, t.networks, t.volumes = len(s.ours("ps", "-a")), len(s.ours("network", "ls")), len(s.ours("volume", "ls"))
	t.cgroups, err = cgroupsOfContainers()
	return t, err
}

// cgroupsOfContainers counts the engine's cgroup directories in all trees.
func cgroupsOfContainers() (int, error) {
	count := 0
	err := filepath.WalkDir("/sys/fs/cgroup", func(path string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // removed while we looked
		}
		if err == nil && entry.IsDir() && strings.Contains(path, "docker") {
			count++
		}
		return err
	})
	return count, err
}

// compare waits until all is back where it began, and says what is not.
func (s *soak) compare(ctx context.Context, before trace) error {
	var after trace
	for deadline := time.Now().Add(time.Minute); ; {
		var err error
		if after, err = s.look(ctx); err != nil {
			return err
		}
		if back(before, after) || time.Now().After(deadline) {
			break
		}
		if err := pause(ctx, time.Second); err != nil {
			return err
		}
	}
	fmt.Printf("done: %v\n", s.done)
	fmt.Printf("%-22s %10s %10s\n", "", "before", "after")
	for _, row := range []struct {
		name          string
		before, after float64
	}{
		{"goroutines", before.goroutines, after.goroutines}, {"open files", before.files, after.files},
		{"memory, MiB", before.memory, after.memory}, {"containers", float64(before.containers), float64(after.containers)},
		{"networks", float64(before.networks), float64(after.networks)}, {"volumes", float64(before.volumes), float64(after.volumes)},
		{"cgroup directories", float64(before.cgroups), float64(after.cgroups)},
	} {
		fmt.Printf("%-22s %10.0f %10.0f\n", row.name, row.before, row.after)
	}
	if !back(before, after) {
		return errors.New("not all is back where it began: see the table")
	}
	return nil
}

// back reports whether nothing was left. Memory that the runtime keeps for
// later, and a connection that is being closed, are no leak.
func back(before, after trace) bool {
	return after.goroutines <= before.goroutines+3 && after.files <= before.files+3 && after.memory <= before.memory*1.5+16 &&
		after.containers == 0 && after.networks == 0 && after.volumes == 0 && after.cgroups <= before.cgroups
}
