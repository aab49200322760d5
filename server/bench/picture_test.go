package main

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// pictured is the picture that the docs show.
var pictured = filepath.Join("..", "..", "docs", "pictures", "viewers.svg")

// The picture in the docs is what the command draws from the figures that it
// carries: nobody has moved a line by hand.
func TestPictureInTheDocsIsDrawnFromItsFigures(t *testing.T) {
	kept, err := os.ReadFile(pictured)
	if err != nil {
		t.Fatal(err)
	}
	var svg struct {
		Figures string `xml:"desc"`
	}
	if err := xml.Unmarshal(kept, &svg); err != nil {
		t.Fatal(err)
	}
	var g growth
	if err := json.Unmarshal([]byte(svg.Figures), &g); err != nil {
		t.Fatal(err)
	}
	var again bytes.Buffer
	if err := draw(&again, g); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(again.Bytes(), kept) {
		t.Error("it is not: draw it anew with 'go run ./server/bench -hall -picture docs/pictures/viewers.svg'")
	}
	if len(g.Rows) != 3 || len(g.Rows[0].Points) < 2 || g.Rows[0].Points[0].Viewers != 1 {
		t.Errorf("its figures are %+v", g)
	}
}

func TestPictureHasOneScaleForEachRowAndNamesTheLimit(t *testing.T) {
	g := growth{Limit: 2000, Containers: 10, Rows: []row{
		{Title: "a", Unit: "ms", Goal: 50, At: 1000, Points: []point{{0, 0}, {1000, 100}, {2000, 50}}},
		{Title: "b <&", Unit: "MB", Goal: 400, At: 1000, Points: []point{{0, 0}, {2000, 200}}},
	}}
	first, second := drawnRow(g, g.Rows[0], 0), drawnRow(g, g.Rows[1], 0)
	if marks := first.Marks; marks[0].X != plotLeft || marks[2].X != plotRight || marks[0].Y != first.Base || marks[2].Y != first.GoalY ||
		marks[1].X != (plotLeft+plotRight)/2 || marks[1].Y >= marks[2].Y || marks[1].Y <= 0 {
		t.Errorf("the marks are %+v", marks)
	}
	// A goal that is above all that was measured still has its place.
	if second.GoalY <= 0 || second.GoalY >= second.Marks[1].Y {
		t.Errorf("the goal is drawn at %v, and the highest point at %v", second.GoalY, second.Marks[1].Y)
	}
	var out bytes.Buffer
	if err := draw(&out, g); err != nil {
		t.Fatal(err)
	}
	if err := xml.Unmarshal(out.Bytes(), new(struct{})); err != nil {
		t.Errorf("it is no XML: %v", err)
	}
	for _, want := range []string{"2000 viewers", "b &lt;&amp;", "--accent:#ff954d", "--accent:#b54000"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in it", want)
		}
	}
}
