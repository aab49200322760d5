package demos

// ImageFile is a file of the workload image, which every engine makes for
// itself. Lessons refer to them by path.
type ImageFile struct {
	// Path has no leading slash; a folder's ends in one.
	Path string
	// Mode are the permission bits, as chmod has them.
	Mode int64
	Text string
}

// BaseFiles are users, groups and /tmp: the image's lowest layer.
func BaseFiles() []ImageFile {
	return []ImageFile{
		{Path: "etc/", Mode: 0o755},
		{Path: "etc/passwd", Mode: 0o644, Text: "root:x:0:0:root:/root:/porthole\napp:x:1000:1000:app:/tmp:/porthole\nnobody:x:65534:65534:nobody:/:/porthole\n"},
		{Path: "etc/group", Mode: 0o644, Text: "root:x:0:\napp:x:1000:\nnogroup:x:65534:\n"},
		{Path: "root/", Mode: 0o700},
		{Path: "tmp/", Mode: 0o1777},
	}
}

// LessonFiles are what the lessons on file systems read, change and delete:
// the image's uppermost layer.
func LessonFiles() []ImageFile {
	return []ImageFile{
		{Path: "srv/", Mode: 0o755},
		{Path: "srv/index.html", Mode: 0o644, Text: "<!doctype html><title>Porthole</title><p>Served from inside a container.\n"},
		{Path: "srv/read-me.txt", Mode: 0o644, Text: "This file is in the image. Every container of the image sees this one copy.\n"},
		{Path: "srv/edit-me.txt", Mode: 0o644, Text: "A container that edits this file first gets a copy of its own.\n"},
		{Path: "srv/delete-me.txt", Mode: 0o644, Text: "Deleting this file leaves it in the image; the container hides it behind a whiteout.\n"},
	}
}
