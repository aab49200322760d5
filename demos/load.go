package demos

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"unicode/utf8"
)

// MaxFileSize is the largest demo.yaml or lesson.md that is read, in bytes.
const MaxFileSize = 256 << 10

// Load reads every lesson of a file system: each folder at its top that holds
// a demo.yaml or a lesson.md. Lessons come in the order of the catalogue. A
// lesson with a problem is left out, and the others are not harmed.
//
// Symbolic links are not followed, as far as the file system tells them.
func Load(fsys fs.FS) (lessons []Lesson, problems []Problem) {
	return Loader{}.Load(fsys)
}

// LoadDir is Load for a folder on disk, from which no link leads out.
func LoadDir(directory string) (lessons []Lesson, problems []Problem) {
	return Loader{}.LoadDir(directory)
}

// Loader loads lessons with what only the rest of the program knows.
type Loader struct {
	// CheckWorkload, where it is set, says what is wrong with a container's
	// workload arguments: an unknown workload, or an unknown flag.
	CheckWorkload func(arguments []string) error
}

// LoadDir is Load for a folder on disk, from which no link leads out.
func (l Loader) LoadDir(directory string) (lessons []Lesson, problems []Problem) {
	root, err := os.OpenRoot(directory)
	if err != nil {
		return nil, []Problem{{File: directory, Says: "The folder of lessons cannot be opened (" + reason(err) + "); give an existing folder to --demos."}}
	}
	defer root.Close()
	return l.Load(root.FS())
}

// Load is the function Load, with what the Loader knows.
func (l Loader) Load(fsys fs.FS) (lessons []Lesson, problems []Problem) {
	entries, err := fs.ReadDir(fsys, ".")
	if err != nil {
		return nil, []Problem{{File: ".", Says: "The folder of lessons cannot be listed (" + reason(err) + ")."}}
	}
	for _, entry := range entries {
		slug := entry.Name()
		if entry.Type()&fs.ModeSymlink != 0 {
			if fileExists(fsys, path.Join(slug, lessonFile)) {
				problems = append(problems, Problem{Slug: slug, File: slug, Says: "This is a symbolic link, and links are not followed; put the folder itself here."})
			}
			continue
		}
		if !entry.IsDir() || !fileExists(fsys, path.Join(slug, lessonFile)) && !fileExists(fsys, path.Join(slug, proseFile)) {
			continue
		}
		lesson, found := l.one(fsys, slug)
		if len(found) > 0 {
			problems = append(problems, found...)
			continue
		}
		lessons = append(lessons, *lesson)
	}
	sortLessons(lessons)
	return lessons, problems
}

// The two files of a lesson's folder.
const (
	lessonFile = "demo.yaml"
	proseFile  = "lesson.md"
)

// one loads one lesson. Whatever happens in it stays in it.
func (l Loader) one(fsys fs.FS, slug string) (lesson *Lesson, problems []Problem) {
	file := path.Join(slug, lessonFile)
	defer func() {
		// A parser that gives up on strange input must not take the other
		// lessons with it.
		if broken := recover(); broken != nil {
			lesson, problems = nil, []Problem{{Slug: slug, File: file, Says: fmt.Sprintf("The file cannot be understood (%v); check its indentation and quotes.", broken)}}
		}
	}()
	if !slugForm.MatchString(slug) {
		return nil, []Problem{{Slug: slug, File: slug, Says: "The folder's name becomes part of addresses and of container names; use lower-case letters, digits and dashes, at most 40."}}
	}
	source, err := read(fsys, file)
	if err != nil {
		return nil, []Problem{{Slug: slug, File: file, Says: err.Error()}}
	}
	prose, err := read(fsys, path.Join(slug, proseFile))
	if err != nil {
		problems = append(problems, Problem{Slug: slug, File: path.Join(slug, proseFile), Says: err.Error()})
	}
	lesson, found := l.parse(slug, file, source)
	if problems = append(problems, found...); len(problems) > 0 {
		return nil, problems
	}
	lesson.Prose = string(prose)
	return lesson, nil
}

// read gives a regular file of bounded size. Its error is a whole sentence.
func read(fsys fs.FS, name string) ([]byte, error) {
	if info, err := fs.Lstat(fsys, name); err == nil && !info.Mode().IsRegular() {
		return nil, errors.New("This is not a regular file; links and devices are not followed. Put the file itself here.")
	}
	file, err := fsys.Open(name)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("The file is missing; a lesson is a folder with %s and %s.", lessonFile, proseFile)
		}
		return nil, fmt.Errorf("The file cannot be opened (%s).", reason(err))
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, MaxFileSize+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("The file cannot be read (%s).", reason(err))
	case len(data) > MaxFileSize:
		return nil, fmt.Errorf("The file is larger than %d KiB, the most that a lesson's file may have; make it shorter.", MaxFileSize>>10)
	case !utf8.Valid(data):
		return nil, errors.New("The file is not text in UTF-8; save it as UTF-8.")
	}
	return data, nil
}

// Merge adds further lessons to some that are there already. A slug that is
// taken is a problem of the later one.
func Merge(first, second []Lesson) (all []Lesson, problems []Problem) {
	all = slices.Clone(first)
	for _, lesson := range second {
		if slices.ContainsFunc(all, func(other Lesson) bool { return other.Slug == lesson.Slug }) {
			problems = append(problems, Problem{Slug: lesson.Slug, File: lesson.File, Says: "There is a lesson with this folder name already; rename the folder."})
			continue
		}
		all = append(all, lesson)
	}
	sortLessons(all)
	return all, problems
}

func sortLessons(lessons []Lesson) {
	slices.SortStableFunc(lessons, func(a, b Lesson) int {
		// A lesson without a place comes after those that have one.
		place := func(l Lesson) int { return cmp.Or(l.Order, 1<<30) }
		return cmp.Or(cmp.Compare(place(a), place(b)), cmp.Compare(a.Slug, b.Slug))
	})
}

func fileExists(fsys fs.FS, name string) bool {
	_, err := fs.Lstat(fsys, name)
	return err == nil
}

// reason is an error without the path that the reader knows already.
func reason(err error) string {
	var at *fs.PathError
	if errors.As(err, &at) {
		return at.Err.Error()
	}
	return err.Error()
}
