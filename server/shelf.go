//go:build linux

package main

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"sync/atomic"
	"time"

	"github.com/fsnotify/fsnotify"

	"porthole/demos"
	"porthole/server/lab"
	"porthole/server/wire"
)

// shelf holds the lessons: the built-in ones, and a teacher's own from a
// folder that is read again when something in it changes.
type shelf struct {
	folder string
	log    *slog.Logger
	now    atomic.Pointer[shelved]
}

// shelved is what the shelf holds at one moment.
type shelved struct {
	lessons  []demos.Lesson
	problems []demos.Problem
}

func newShelf(folder string, log *slog.Logger) *shelf {
	s := &shelf{folder: folder, log: log}
	s.load()
	return s
}

// load reads all lessons. A mistake is said by file and line, once, and harms
// no other lesson.
func (s *shelf) load() {
	loader := demos.Loader{CheckWorkload: checkWorkload}
	var next shelved
	next.lessons, next.problems = loader.Load(demos.Builtin)
	if s.folder != "" {
		own, more := loader.LoadDir(s.folder)
		next.problems = append(next.problems, more...)
		next.lessons, more = demos.Merge(next.lessons, own)
		next.problems = append(next.problems, more...)
	}
	var before []demos.Problem
	if last := s.now.Swap(&next); last != nil {
		before = last.problems
	}
	for _, p := range next.problems {
		if !slices.Contains(before, p) {
			s.log.Error("a lesson cannot be used", "problem", p.String())
		}
	}
}

// Lessons are those that can be used.
func (s *shelf) Lessons() []demos.Lesson { return s.now.Load().lessons }

// brokenSection is where the catalogue lists lessons that cannot be used.
const brokenSection = "Lessons with mistakes"

// Broken lists the lessons that cannot be used, each with what is wrong in
// its place of the catalogue, so that its author sees it on the page.
func (s *shelf) Broken() []wire.Lesson {
	usable := map[string]bool{}
	for _, l := range s.Lessons() {
		usable[l.Slug] = true
	}
	var broken []wire.Lesson
	for _, p := range s.now.Load().problems {
		if p.Slug == "" || usable[p.Slug] {
			continue
		}
		if i := slices.IndexFunc(broken, func(l wire.Lesson) bool { return l.Slug == p.Slug }); i >= 0 {
			broken[i].Unavailable += "\n" + p.String()
			continue
		}
		broken = append(broken, wire.Lesson{
			Slug: p.Slug, Title: p.Slug, Section: brokenSection, Unavailable: p.String(),
			Containers: []wire.LessonContainer{}, Panels: []string{}, Claims: []wire.Claim{},
		})
	}
	return broken
}

// calm is the time between a change and the reading: an editor writes a file
// in several steps.
const calm = 200 * time.Millisecond

// Run reads the folder again after each change in it, until ctx ends.
func (s *shelf) Run(ctx context.Context) error {
	if s.folder == "" {
		<-ctx.Done()
		return ctx.Err()
	}
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		// The lessons are there all the same: only their changes go unseen.
		s.log.Warn("changes in the folder of lessons are not followed", "folder", s.folder, "error", err)
		<-ctx.Done()
		return ctx.Err()
	}
	defer watcher.Close()
	s.follow(watcher)
	timer := time.NewTimer(calm)
	timer.Stop()
	defer timer.Stop()
	waiting := false
	soon := func() {
		// Not put off by each further change, else a busy folder is never read.
		if !waiting {
			waiting = true
			timer.Reset(calm)
		}
	}
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-watcher.Events:
			soon()
		case err := <-watcher.Errors:
			s.log.Warn("a change in the folder of lessons may have been missed", "folder", s.folder, "error", err)
			soon()
		case <-timer.C:
			waiting = false
			s.follow(watcher) // there may be new folders
			s.load()
		}
	}
}

// follow watches the folder and each lesson's folder in it.
func (s *shelf) follow(watcher *fsnotify.Watcher) {
	folders := []string{s.folder}
	entries, err := filepath.Glob(filepath.Join(s.folder, "*"))
	if err == nil {
		folders = append(folders, entries...)
	}
	for _, folder := range folders {
		// Files are watched through their folder; what cannot be watched
		// cannot be read either, and load says so.
		if err := watcher.Add(folder); err != nil {
			s.log.Debug("not followed", "folder", folder, "error", err)
		}
	}
}

// classroom is the lab as the window shows it: with the lessons that cannot
// be used, and why.
type classroom struct {
	*lab.Lab
	shelf *shelf
}

// Catalogue lists the usable lessons and after them the broken ones.
func (c classroom) Catalogue() []wire.Lesson {
	return append(c.Lab.Catalogue(), c.shelf.Broken()...)
}

// Start starts a lesson; of a broken one it says what is wrong.
func (c classroom) Start(ctx context.Context, slug string) (wire.Run, error) {
	for _, l := range c.shelf.Broken() {
		if l.Slug == slug {
			return wire.Run{}, fmt.Errorf("%w: %s", lab.ErrUnavailable, l.Unavailable)
		}
	}
	return c.Lab.Start(ctx, slug)
}
