package site

import (
	"bytes"
	"html/template"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"

	"porthole/server/wire"
)

// lessonText is a lesson as a reader without scripts gets it.
type lessonText struct {
	wire.Lesson
	Prose, Insight template.HTML
	TryIt          []string
}

// markdown leaves raw HTML and dangerous links out, which is its default. A
// table's columns are aligned by attribute, because the content policy forbids
// style in the page.
var markdown = goldmark.New(goldmark.WithExtensions(
	extension.NewTable(extension.WithTableCellAlignMethod(extension.TableCellAlignAttribute)),
))

func (s *Site) lessonText(lesson wire.Lesson) *lessonText {
	text := &lessonText{Lesson: lesson}
	if article, ok := s.Article(lesson.Slug); ok {
		text.Prose = s.htmlOf(article.Prose)
		text.Insight = s.htmlOf(article.Insight)
		text.TryIt = article.TryIt
	}
	// A claim of a run says more than the catalogue's.
	for _, run := range s.Lab.Runs() {
		if run.Lesson == lesson.Slug {
			text.Claims = run.Claims
		}
	}
	return text
}

// htmlOf turns Markdown into HTML that is safe to put into a page.
func (s *Site) htmlOf(source string) template.HTML {
	var b bytes.Buffer
	if err := markdown.Convert([]byte(source), &b); err != nil {
		s.Log.Error("a text cannot be turned into HTML", "error", err)
		return ""
	}
	return template.HTML(b.String())
}
