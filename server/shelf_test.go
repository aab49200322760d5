package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"porthole/server/programtest"
	"porthole/server/wire"
)

const mine = `title: Mine
section: My workshop
containers:
  - key: one
    title: One
    workload: [idle]
claims:
  - id: runs
    says: It runs.
    holds: one.running
    measured: it runs
`

func put(t *testing.T, folder, name, yaml string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Join(folder, name), 0o755); err != nil {
		t.Fatal(err)
	}
	for file, text := range map[string]string{"demo.yaml": yaml, "lesson.md": "Words.\n"} {
		if err := os.WriteFile(filepath.Join(folder, name, file), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func await(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); {
		if done() {
			return
		}
		time.Sleep(10 * time.Millisecond) // between two looks
	}
	t.Fatalf("never saw %s", what)
}

func TestATeachersLessonsAreReadAgainOnChange(t *testing.T) {
	folder, log := t.TempDir(), &programtest.Log{}
	s := newShelf(folder, slog.New(slog.NewTextHandler(log, nil)))
	builtin := len(s.Lessons())
	if builtin == 0 {
		t.Fatal("there are no built-in lessons")
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- s.Run(ctx) }()

	// The watch may begin after this is written: write until it is seen.
	await(t, "a new lesson", func() bool {
		put(t, folder, "mine", mine)
		return len(s.Lessons()) == builtin+1
	})
	put(t, folder, "mine", strings.Replace(mine, "one.running", "one.runing", 1))
	await(t, "the mistake", func() bool { return len(s.Broken()) == 1 })
	broken := s.Broken()[0]
	if broken.Slug != "mine" || broken.Section != brokenSection || !strings.Contains(broken.Unavailable, "mine/demo.yaml:10:") {
		t.Errorf("the broken lesson is listed as %+v", broken)
	}
	if len(s.Lessons()) != builtin {
		t.Error("the others were harmed")
	}
	if !strings.Contains(log.String(), "mine/demo.yaml:10:") {
		t.Errorf("the log does not say where the mistake is: %s", log.String())
	}
	if _, err := chooseLessons([]string{"mine"}, append([]wire.Lesson{}, s.Broken()...)); err == nil || !strings.Contains(err.Error(), "demo.yaml:10:") {
		t.Errorf("verify of a broken lesson says %v", err)
	}
	put(t, folder, "mine", mine)
	await(t, "the mended lesson", func() bool { return len(s.Broken()) == 0 && len(s.Lessons()) == builtin+1 })

	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("Run ended with %v", err)
	}
}
