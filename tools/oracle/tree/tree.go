// Package tree makes the file trees that the oracle stores hold, and writes down what a reader must find in them.
// Everything follows from a seed; nothing is read from a disk.
package tree

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"math/rand"
	"path"
	"sort"
	"strings"
	"time"
)

// Node is one path of a tree. Names are bytes, not necessarily UTF-8.
type Node struct {
	Path    string
	Mode    fs.FileMode
	ModTime time.Time
	Dev     uint64
	Ino     uint64
	UID     uint64
	GID     uint64
	Nlink   uint16
	Target  string
	Content []byte
	Xattrs  map[string][]byte
	// Failure, when not empty, is why the path could not be read: it has no entry, only an error.
	Failure string
}

// XattrNames gives the names of a node's attributes in byte order.
func (node *Node) XattrNames() []string {
	names := make([]string, 0, len(node.Xattrs))
	for name := range node.Xattrs {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// Size is what lstat would say.
func (node *Node) Size() int64 {
	switch {
	case node.Mode.IsDir():
		return 4096
	case node.Target != "":
		return int64(len(node.Target))
	default:
		return int64(len(node.Content))
	}
}

type builder struct {
	nodes  []*Node
	known  map[string]bool
	random *rand.Rand
	ino    uint64
}

// Options say how large a tree is to be.
type Options struct {
	Seed int64
	// Crowd is the number of files in one directory.
	Crowd int
	// Depth is the number of nested directories.
	Depth int
	// LargeBytes is the length of the file of many chunks.
	LargeBytes int
	// Later adds, changes and removes a few paths, as a second backup would find them.
	Later bool
}

// Make gives the nodes of a tree, parents before children.
func Make(options Options) []*Node {
	b := &builder{known: map[string]bool{}, random: rand.New(rand.NewSource(options.Seed)), ino: 1000}
	b.kinds()
	b.names()
	b.numbers()
	b.file("/data/large.bin", b.bytes(options.LargeBytes))
	b.file("/data/zeros.bin", make([]byte, options.LargeBytes/2))
	for i := 0; i < options.Crowd; i++ {
		b.file(fmt.Sprintf("/crowd/file-%05d", i), []byte(fmt.Sprintf("%d", i%7)))
	}
	deep := "/deep"
	for i := 0; i < options.Depth; i++ {
		deep = path.Join(deep, fmt.Sprintf("level-%d", i))
	}
	b.file(path.Join(deep, "bottom.txt"), []byte("bottom\n"))
	if options.Later {
		b.file("/data/added-later.txt", []byte("second backup\n"))
		b.file("/data/large.bin.2", append(b.bytes(10), b.bytes(500)...))
	}
	return b.nodes
}

func (b *builder) kinds() {
	b.file("/kinds/empty", nil)
	b.dir("/kinds/empty-directory")
	b.file("/kinds/plain.txt", []byte("hello\n")).Xattrs = map[string][]byte{"user.note": []byte("a note"), "user.binary": b.bytes(300), "user.empty": {}}
	b.file("/kinds/setuid", []byte("#!/bin/sh\n")).Mode = 0o755 | fs.ModeSetuid
	b.file("/kinds/setgid", []byte("#!/bin/sh\nexit\n")).Mode = 0o2 | 0o750 | fs.ModeSetgid
	b.dir("/kinds/sticky").Mode |= fs.ModeSticky | 0o777
	b.add(&Node{Path: "/kinds/link", Mode: fs.ModeSymlink | 0o777, Target: "plain.txt"})
	b.add(&Node{Path: "/kinds/link-outside", Mode: fs.ModeSymlink | 0o777, Target: "/nowhere/\xff\xfe"})
	b.add(&Node{Path: "/kinds/link-loop", Mode: fs.ModeSymlink | 0o777, Target: "link-loop"})
	b.add(&Node{Path: "/kinds/fifo", Mode: fs.ModeNamedPipe | 0o600})
	b.add(&Node{Path: "/kinds/socket", Mode: fs.ModeSocket | 0o600})
	b.add(&Node{Path: "/kinds/device", Mode: fs.ModeDevice | fs.ModeCharDevice | 0o600})
	first := b.file("/kinds/hard-1", []byte("one file, two names\n"))
	second := b.file("/kinds/hard-2", first.Content)
	first.Nlink, second.Nlink, second.Ino = 2, 2, first.Ino
	b.add(&Node{Path: "/kinds/unreadable", Failure: "open /kinds/unreadable: permission denied"})
}

func (b *builder) names() {
	for _, name := range []string{
		"\xff\xfe\x80", "caf\xe9", "café", "cafe\u0301", "日本語", "\U0001F5C4 archive", "\uFFFD", "a\nb", "tab\there", "quote\"'", " leading", "trailing ",
		"-rf", "...", "\x01\x7f", "C:\\file", "back\\slash", "~", "%2e%2e", strings.Repeat("n", 255), "\U00010000", "\uFF5E",
	} {
		b.file("/names/"+name, []byte(name))
	}
	b.file("/names/dir\xfe/inner", []byte("inner")).Xattrs = map[string][]byte{"user.x:y": []byte("colon")}
	b.file("/names-2/a", []byte("a"))
	b.file("/names.txt", []byte("a neighbour that sorts between"))
}

func (b *builder) numbers() {
	b.file("/numbers/before-1970", []byte("a")).ModTime = time.Unix(-2_000_000_000, 123_456_789).UTC()
	b.file("/numbers/epoch", []byte("b")).ModTime = time.Unix(0, 0).UTC()
	b.file("/numbers/after-2106", []byte("c")).ModTime = time.Unix(1<<32+7, 999_999_999).UTC()
	b.file("/numbers/whole-after-2106", []byte("d")).ModTime = time.Unix(1<<33, 0).UTC()
	b.file("/numbers/year-2514", []byte("e")).ModTime = time.Unix(1<<34+5, 1).UTC()
	big := b.file("/numbers/large-ids", []byte("f"))
	big.UID, big.GID, big.Dev, big.Ino, big.Nlink = 1<<32+5, 1<<53+1, 1<<64-1, 1<<64-2, 65535
}

func (b *builder) bytes(length int) []byte {
	bytes := make([]byte, length)
	b.random.Read(bytes)
	return bytes
}

func (b *builder) file(pathname string, content []byte) *Node {
	return b.add(&Node{Path: pathname, Mode: 0o644, Content: content})
}

func (b *builder) dir(pathname string) *Node {
	return b.add(&Node{Path: pathname, Mode: fs.ModeDir | 0o755})
}

func (b *builder) add(node *Node) *Node {
	if node.Path != "/" && !b.known[path.Dir(node.Path)] {
		b.dir(path.Dir(node.Path))
	}
	b.known[node.Path] = true
	b.ino++
	node.Dev, node.Ino, node.Nlink, node.UID, node.GID = 64768, b.ino, 1, 1000, 100
	node.ModTime = time.Unix(1_700_000_000+int64(b.ino), int64(b.ino)*1001).UTC()
	b.nodes = append(b.nodes, node)
	return node
}

type line struct {
	Path    string            `json:"path"`
	Mode    uint32            `json:"mode"`
	MtimeNs string            `json:"mtimeNs"`
	Dev     string            `json:"dev"`
	Ino     string            `json:"ino"`
	UID     string            `json:"uid"`
	GID     string            `json:"gid"`
	Nlink   uint16            `json:"nlink"`
	Size    int64             `json:"size"`
	Sha256  string            `json:"sha256,omitempty"`
	Target  string            `json:"target,omitempty"`
	Xattrs  map[string]string `json:"xattrs,omitempty"`
	Failure string            `json:"failure,omitempty"`
}

// Write gives one JSON line a path. Paths, link targets and attribute names are hex of their bytes, `mode` is Go's.
func Write(out io.Writer, nodes []*Node) error {
	encoder := json.NewEncoder(out)
	for _, node := range nodes {
		l := line{
			Path: hex.EncodeToString([]byte(node.Path)), Mode: uint32(node.Mode), Dev: fmt.Sprint(node.Dev), Ino: fmt.Sprint(node.Ino), UID: fmt.Sprint(node.UID),
			GID: fmt.Sprint(node.GID), Nlink: node.Nlink, Size: node.Size(), Target: hex.EncodeToString([]byte(node.Target)), Failure: node.Failure,
		}
		// Seconds and nanoseconds apart: together they pass 64 bits after the year 2262.
		l.MtimeNs = fmt.Sprintf("%d+%d", node.ModTime.Unix(), node.ModTime.Nanosecond())
		if node.Mode.IsRegular() {
			l.Sha256 = hexSum(node.Content)
		}
		for _, name := range node.XattrNames() {
			if l.Xattrs == nil {
				l.Xattrs = map[string]string{}
			}
			l.Xattrs[hex.EncodeToString([]byte(name))] = hexSum(node.Xattrs[name])
		}
		if err := encoder.Encode(l); err != nil {
			return err
		}
	}
	return nil
}

func hexSum(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}
