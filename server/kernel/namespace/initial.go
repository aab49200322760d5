package namespace

import (
	"bytes"
	"os"
	"path/filepath"

	"porthole/server/kernel/internal/outside"
	"porthole/server/wire"
)

// kernelThread is PF_KTHREAD of the kernel's include/linux/sched.h.
const kernelThread = 0x00200000

// Initial returns the host's own links, as well as they can be seen:
//
//  1. those of kthreadd, process 2, which is always in the initial namespaces
//     and can be read even where process 1 is closed to us;
//  2. else those of process 1 (where the server's PID namespace is not the
//     host's, that is the server's container);
//  3. else those of the process that put the server into a user namespace of its
//     own ([Handover]), as far as they are certainly the host's;
//  4. else those of the server's own that are certainly the host's too; the
//     others are unknown, for the server may be in a container.
//
// From says which. Each Link says for itself whether its number is the
// kernel's fixed one for the namespace from boot.
func (fs FS) Initial() Links {
	if fs.isKthreadd() {
		links := fs.Process(2, 0)
		if links.Of("pid").Known() {
			links.From = "kthreadd"
			return links
		}
	}
	first := fs.Process(1, 0)
	first.From = "init"
	if first.Of("pid").Known() {
		return first
	}
	if handed, ok := fs.handedOver(); ok && handed.Of("pid").Known() {
		return onlyHosts(handed)
	}
	own := fs.Process(os.Getpid(), 0)
	own.From = "self"
	if own.Of("pid").Known() {
		return onlyHosts(own)
	}
	return first
}

// Handover is the assignment for the environment of a process that is to be put
// into a user namespace, by which its Initial knows our namespaces.
func Handover() string { return outside.Handover() }

// handedOver are the links of the process outside of our user namespace.
func (fs FS) handedOver() (Links, bool) {
	pid, texts, ok := outside.Read()
	links := Links{PID: pid, From: "outside"}
	for i, namespaceType := range wire.NamespaceTypes {
		inode, err := parseLink([]byte(texts[namespaceType]), namespaceType)
		if err != nil {
			err = ErrPermission // it was not handed over, and cannot be read from here
		}
		links.Each[i] = Link{Type: namespaceType, Inode: inode, Initial: isInitial(namespaceType, inode), Err: err}
	}
	return links, ok
}

// onlyHosts makes our own links unknown where they need not be the host's. Six
// types and mnt have known numbers at boot. net has none before Linux 6.18; it is
// believed where nothing else sets us apart from the host.
func onlyHosts(own Links) Links {
	apart := !own.Of("uts").Initial || !own.Of("ipc").Initial || !own.Of("mnt").Initial
	for i, link := range own.Each {
		if link.Err == nil && !link.Initial && (link.Type != "net" || apart) {
			own.Each[i] = Link{Type: link.Type, Err: ErrHostHidden}
		}
	}
	return own
}

// isKthreadd reports whether process 2 is the kernel's own: inside a container
// any program can have that number, and any name, but not the kernel's mark.
func (fs FS) isKthreadd() bool {
	text, err := os.ReadFile(filepath.Join(fs.proc, "2", "stat"))
	if err != nil || !bytes.HasPrefix(text, []byte("2 (kthreadd) ")) {
		return false
	}
	fields, ok := parseStat(text)
	return ok && fields.parent == 0 && fields.flags&kernelThread != 0
}
