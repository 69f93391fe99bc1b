package command

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path"
	"strings"

	"github.com/PlakarKorp/kloset/btree"
	"github.com/PlakarKorp/kloset/iterator"
	"github.com/PlakarKorp/kloset/objects"
	"github.com/PlakarKorp/kloset/repository"
	"github.com/PlakarKorp/kloset/resources"
	"github.com/PlakarKorp/kloset/snapshot"
	"github.com/PlakarKorp/kloset/snapshot/vfs"
)

// summaryBlob is blob type 21, which 1.0 has no name for.
const summaryBlob = resources.Type(21)

type (
	node  = btree.Node[string, objects.MAC, objects.MAC]
	nodes = iterator.Iterator[objects.MAC, *node]
)

type content struct {
	sha256 string
	size   int64
	kind   string
}

type blobKey struct {
	kind resources.Type
	mac  objects.MAC
}

// inspector reads every blob of a snapshot through the library and verifies each MAC, which the library's own check does not.
type inspector struct {
	repo     *repository.Repository
	snap     *snapshot.Snapshot
	verified map[blobKey]bool
	contents map[objects.MAC]content
	problems []string
}

func newInspector(repo *repository.Repository) *inspector {
	return &inspector{repo: repo, verified: map[blobKey]bool{}, contents: map[objects.MAC]content{}}
}

func (in *inspector) problem(format string, values ...any) {
	in.problems = append(in.problems, fmt.Sprintf(format, values...))
}

// blob gives the bytes of a blob, nil with a problem noted when it is missing or altered.
func (in *inspector) blob(kind resources.Type, mac objects.MAC, at string) []byte {
	data, err := in.repo.GetBlobBytes(kind, mac)
	if err != nil {
		in.problem("%q: blob %d %x: %v", at, kind, mac, err)
		return nil
	}
	if in.repo.ComputeMAC(data) != mac {
		in.problem("%q: blob %d %x: its bytes do not have this MAC", at, kind, mac)
		return nil
	}
	in.verified[blobKey{kind, mac}] = true
	if data == nil {
		return []byte{}
	}
	return data
}

// present verifies a blob once a run.
func (in *inspector) present(kind resources.Type, mac objects.MAC, at string) {
	if !in.verified[blobKey{kind, mac}] {
		in.blob(kind, mac, at)
	}
}

// object reads a whole content, verifying each chunk, the content's MAC and the object's.
func (in *inspector) object(mac objects.MAC, at string) (content, bool) {
	if known, ok := in.contents[mac]; ok {
		return known, true
	}
	data := in.blob(resources.RT_OBJECT, mac, at)
	if data == nil {
		return content{}, false
	}
	object, err := objects.NewObjectFromBytes(data)
	if err != nil {
		in.problem("%q: object %x: %v", at, mac, err)
		return content{}, false
	}
	sum, whole := sha256.New(), in.repo.GetMACHasher()
	made := content{kind: object.ContentType}
	for _, chunk := range object.Chunks {
		part := in.blob(resources.RT_CHUNK, chunk.ContentMAC, at)
		if part == nil {
			return content{}, false
		}
		if len(part) != int(chunk.Length) {
			in.problem("%q: chunk %x has %d bytes, the object says %d", at, chunk.ContentMAC, len(part), chunk.Length)
			return content{}, false
		}
		sum.Write(part)
		whole.Write(part)
		made.size += int64(len(part))
	}
	if objects.MAC(whole.Sum(nil)) != object.ContentMAC {
		in.problem("%q: object %x: the content does not have its MAC", at, mac)
		return content{}, false
	}
	made.sha256 = hex.EncodeToString(sum.Sum(nil))
	in.contents[mac] = made
	return made, true
}

// leaves verifies every node of an index and gives its pairs in the order of the leaves.
func (in *inspector) leaves(tree nodes, kind resources.Type, name string, each func(key string, value objects.MAC)) {
	for tree.Next() {
		mac, node := tree.Current()
		in.present(kind, mac, name)
		if len(node.Pointers) > 0 {
			continue
		}
		if len(node.Keys) != len(node.Values) {
			in.problem("%s: a leaf with %d keys and %d values", name, len(node.Keys), len(node.Values))
			continue
		}
		for i, key := range node.Keys {
			each(key, node.Values[i])
		}
	}
	if err := tree.Err(); err != nil {
		in.problem("%s: %v", name, err)
	}
}

type found struct {
	entry *vfs.Entry
	mac   objects.MAC
	body  content
	whole bool
}

// entries walks the tree of paths node by node, so that nothing depends on the order of the keys or on the directories' packs.
func (in *inspector) entries(fs *vfs.Filesystem, each func(found)) map[string]objects.MAC {
	known := map[string]objects.MAC{}
	last := ""
	in.leaves(fs.IterNodes(), resources.RT_VFS_NODE, "tree of paths", func(key string, mac objects.MAC) {
		if last != "" && vfs.PathCmp(last, key) >= 0 {
			in.problem("tree of paths: %q stands after %q", key, last)
		}
		last = key
		known[key] = mac
		data := in.blob(resources.RT_VFS_ENTRY, mac, key)
		if data == nil {
			return
		}
		entry, err := vfs.EntryFromBytes(data)
		if err != nil {
			in.problem("%q: entry %x: %v", key, mac, err)
			return
		}
		if entry.Path() != key {
			in.problem("%q: its entry is that of %q", key, entry.Path())
		}
		made := found{entry: entry, mac: mac}
		if entry.HasObject() {
			made.body, made.whole = in.object(entry.Object, key)
			if made.whole && made.body.size != entry.Size() {
				in.problem("%q: the entry says %d bytes, the object has %d", key, entry.Size(), made.body.size)
			}
		} else if entry.FileInfo.Mode().IsRegular() {
			in.problem("%q: a regular file without an object", key)
		}
		each(made)
	})
	for key := range known {
		if _, ok := known[path.Dir(key)]; !ok {
			in.problem("%q: its directory has no entry", key)
		}
	}
	return known
}

type attribute struct {
	path, name string
	kind       objects.Attribute
	body       content
	mac        objects.MAC
	object     objects.MAC
}

func (in *inspector) attributes(fs *vfs.Filesystem, each func(attribute)) {
	in.leaves(fs.XattrNodes(), resources.RT_XATTR_NODE, "tree of attributes", func(key string, mac objects.MAC) {
		data := in.blob(resources.RT_XATTR_ENTRY, mac, key)
		if data == nil {
			return
		}
		item, err := vfs.XattrFromBytes(data)
		if err != nil {
			in.problem("%q: attribute %x: %v", key, mac, err)
			return
		}
		if item.ToPath() != key {
			in.problem("%q: its attribute is %q", key, item.ToPath())
		}
		body, whole := in.object(item.Object, key)
		if whole && body.size != item.Size {
			in.problem("%q: the attribute says %d bytes, the object has %d", key, item.Size, body.size)
		}
		each(attribute{path: item.Path, name: item.Name, kind: item.Type, body: body, mac: mac, object: item.Object})
	})
}

func (in *inspector) errors(fs *vfs.Filesystem, each func(name, message string)) {
	in.leaves(fs.IterErrorNodes(), resources.RT_ERROR_NODE, "tree of errors", func(key string, mac objects.MAC) {
		data := in.blob(resources.RT_ERROR_ENTRY, mac, key)
		if data == nil {
			return
		}
		item, err := vfs.ErrorItemFromBytes(data)
		if err != nil {
			in.problem("%q: error %x: %v", key, mac, err)
			return
		}
		each(item.Name, item.Error)
	})
}

// index walks one of the header's other indexes, which the libraries keep in plain string order.
func (in *inspector) index(root objects.MAC, name string, each func(key string, value objects.MAC)) {
	in.present(resources.RT_BTREE_ROOT, root, name)
	rd, err := in.repo.GetBlob(resources.RT_BTREE_ROOT, root)
	if err != nil {
		return
	}
	store := repository.NewRepositoryStore[string, objects.MAC](in.repo, resources.RT_BTREE_NODE)
	tree, err := btree.Deserialize(rd, store, strings.Compare)
	if err != nil {
		in.problem("%s: %v", name, err)
		return
	}
	last := ""
	in.leaves(tree.IterDFS(), resources.RT_BTREE_NODE, name, func(key string, value objects.MAC) {
		if last != "" && last >= key {
			in.problem("%s: %q stands after %q", name, key, last)
		}
		last = key
		each(key, value)
	})
}

// indexes verifies content-type, dirpack and summary against the entries.
func (in *inspector) indexes(known map[string]objects.MAC, directories map[string]bool) {
	for _, index := range in.snap.Header.GetSource(0).Indexes {
		seen := 0
		in.index(index.Value, index.Name, func(key string, value objects.MAC) {
			seen++
			switch index.Name {
			case "content-type":
				in.contentType(key, value, known)
			case "dirpack":
				in.object(value, key)
				in.ofDirectory(index.Name, key, directories)
			case "summary":
				in.present(summaryBlob, value, key)
				in.ofDirectory(index.Name, key, directories)
			default:
				in.problem("unknown index %q", index.Name)
			}
		})
		expected := len(directories)
		if index.Name == "content-type" {
			expected = len(known) - len(directories)
		}
		if seen != expected {
			in.problem("index %s holds %d keys, not %d", index.Name, seen, expected)
		}
	}
}

func (in *inspector) ofDirectory(index string, key string, directories map[string]bool) {
	if !directories[key] {
		in.problem("index %s names %q, which is no directory", index, key)
	}
}

// contentType wants the entry of the tree; line 1.1, upon a parent of line 1.0, names the parent's encoding of the same path instead.
func (in *inspector) contentType(key string, value objects.MAC, known map[string]objects.MAC) {
	// "/<type>/<subtype><path>"
	parts := strings.SplitN(key, "/", 4)
	if len(parts) != 4 {
		in.problem("index content-type: key %q", key)
		return
	}
	name := "/" + parts[3]
	mac, ok := known[name]
	if !ok {
		in.problem("index content-type: %q is not in the tree", key)
	}
	if mac == value {
		return
	}
	entry, err := vfs.EntryFromBytes(in.blob(resources.RT_VFS_ENTRY, value, key))
	if err != nil || entry.Path() != name {
		in.problem("index content-type: %q names the entry of another path", key)
	}
}

// walk goes the way of restore, through the directories' packs, and compares with the tree.
func (in *inspector) walk(fs *vfs.Filesystem, known map[string]objects.MAC) {
	left := len(known)
	err := fs.WalkDir("/", func(name string, entry *vfs.Entry, err error) error {
		if err != nil {
			in.problem("walking %q: %v", name, err)
			return nil
		}
		mac, ok := known[name]
		if !ok {
			in.problem("%q is in its directory's pack, not in the tree", name)
		} else if mac != entry.MAC && entry.MAC != (objects.MAC{}) {
			in.problem("%q: tree and directory's pack name different entries", name)
		}
		left--
		return nil
	})
	if err != nil {
		in.problem("walk: %v", err)
	}
	if left != 0 {
		in.problem("%d paths of the tree are not met by a walk", left)
	}
}

// bytesOf gives a small content whole.
func (in *inspector) bytesOf(mac objects.MAC) []byte {
	data := in.blob(resources.RT_OBJECT, mac, "")
	object, err := objects.NewObjectFromBytes(data)
	if err != nil {
		in.problem("object %x: %v", mac, err)
		return nil
	}
	all := []byte{}
	for _, chunk := range object.Chunks {
		all = append(all, in.blob(resources.RT_CHUNK, chunk.ContentMAC, "")...)
	}
	return all
}
