package wire

// Layers are a container's root filesystem as the kernel has it: an overlay
// of read-only layers, which it may share with others, under a writable one
// of its own. See the kernel's Documentation/filesystems/overlayfs.rst.
type Layers struct {
	// StorageDriver is the type of the root's mount, for example overlay.
	StorageDriver string `json:"storageDriver,omitempty"`
	// Lower are the read-only layers of the image, the uppermost first, at
	// most MaxLayers. The layer in which an engine prepares /etc/hosts and
	// the like for one container is not among them.
	Lower []LowerLayer `json:"lower,omitempty"`
	// LowerDigest is one figure for all of Lower and their order, SHA-256: two
	// containers with the same one stand on the very same folders.
	LowerDigest string `json:"lowerDigest,omitempty"`
	// Upper is the host's folder that holds the writable layer.
	Upper string `json:"upper,omitempty"`
	// UpperBytes is the size of all files in it; absent where it is unreadable.
	UpperBytes Count `json:"upperBytes,omitzero"`
	// UpperEntries counts files, whiteouts, and folders that no layer below has.
	UpperEntries Count `json:"upperEntries,omitzero"`
	// Entries are the first MaxEntries of them, by path.
	Entries []LayerEntry `json:"entries,omitempty"`
	// Truncated is true where the writable layer holds more than was counted.
	Truncated bool `json:"truncated,omitempty"`
	// Reason says why something above is unknown.
	Reason string `json:"reason,omitempty"`
}

// LowerLayer is one read-only layer.
type LowerLayer struct {
	// ID is a short name for it, the same in each container that has it.
	ID string `json:"id"`
	// Path is the host's folder that holds it.
	Path string `json:"path"`
}

// LayerEntry is one thing in a writable layer.
type LayerEntry struct {
	// Path as the container sees it, for example /srv/edit-me.txt.
	Path string `json:"path"`
	// Kind is "added", "changed" (a lower layer has it too: it was copied up)
	// or "removed" (a whiteout hides that of a lower layer).
	Kind string `json:"kind"`
	// Bytes is its size in the writable layer; absent for what is no file.
	Bytes Count `json:"bytes,omitzero"`
	// Whiteout says how it is hidden: "device" (a character device 0:0),
	// "attribute" (an extended attribute), or "opaque" (all of a folder).
	Whiteout string `json:"whiteout,omitempty"`
}

// Image is an image of the engine that containers were made from.
type Image struct {
	// Name is as Container.Image has it.
	Name string `json:"name"`
	// ID is the engine's.
	ID string `json:"id,omitempty"`
	// Bytes is the size of all its layers together.
	Bytes uint64 `json:"bytes"`
	// Layers are the lowest first; those that changed no file are among them.
	Layers []ImageLayer `json:"layers"`
}

// ImageLayer is one step in which an image was made.
type ImageLayer struct {
	// Digest is that of the layer's archive (its DiffID); absent where Empty.
	Digest string `json:"digest,omitempty"`
	// Bytes is the size of the files in it.
	Bytes uint64 `json:"bytes"`
	// CreatedBy is what made it, as docker history shows it.
	CreatedBy string `json:"createdBy,omitempty"`
	// Empty is true for a step that changed no file.
	Empty bool `json:"empty,omitempty"`
}

// NamespaceTypes are the kernel's eight kinds, in the drawing's order.
// See namespaces(7).
var NamespaceTypes = []string{"pid", "net", "mnt", "uts", "ipc", "user", "cgroup", "time"}
