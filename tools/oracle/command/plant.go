package command

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand"
	"os"
	"path/filepath"
	"sort"
	"strconv"

	"github.com/PlakarKorp/kloset/objects"
	"github.com/pkg/xattr"
	"golang.org/x/sys/unix"
)

// Planted is one path to make, relative to the folder; names and values are base64 of their bytes.
type Planted struct {
	Path []byte `json:"path"`
	// Type is file, directory, symlink, hardlink, fifo or socket.
	Type   string `json:"type"`
	Mode   uint32 `json:"mode"`
	UID    int    `json:"uid"`
	GID    int    `json:"gid"`
	Sec    string `json:"seconds"`
	Nsec   int64  `json:"nanoseconds"`
	Target []byte `json:"target"`
	// Fill is inline, random, text, or sparse.
	Fill   string `json:"fill"`
	Size   int64  `json:"size"`
	Seed   int64  `json:"seed"`
	Data   []byte `json:"data"`
	Xattrs []struct {
		Name  []byte `json:"name"`
		Value []byte `json:"value"`
	} `json:"xattrs"`
}

// plant makes the tree that request.List (a file of JSON lines, parents before children) describes below request.To.
func plant(request *Request) error {
	body, err := os.Open(request.List)
	if err != nil {
		return err
	}
	defer body.Close()
	if err := os.MkdirAll(request.To, 0o755); err != nil {
		return err
	}
	var planted []Planted
	decoder := json.NewDecoder(body)
	for {
		var node Planted
		if err := decoder.Decode(&node); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return err
		}
		if err := node.make(request.To); err != nil {
			return fmt.Errorf("%q: %w", node.Path, err)
		}
		planted = append(planted, node)
	}
	for i := len(planted) - 1; i >= 0; i-- {
		if err := planted[i].dress(request.To); err != nil {
			return fmt.Errorf("%q: %w", planted[i].Path, err)
		}
	}
	return nil
}

func (node *Planted) make(root string) error {
	name := filepath.Join(root, string(node.Path))
	switch node.Type {
	case "directory":
		return os.MkdirAll(name, 0o755)
	case "symlink":
		return os.Symlink(string(node.Target), name)
	case "hardlink":
		return os.Link(filepath.Join(root, string(node.Target)), name)
	case "fifo":
		return unix.Mkfifo(name, 0o600)
	case "socket":
		return unix.Mknod(name, unix.S_IFSOCK|0o600, 0)
	case "file":
		return node.file(name)
	default:
		return fmt.Errorf("unknown type %q", node.Type)
	}
}

func (node *Planted) file(name string) error {
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	if err := node.fill(file); err != nil {
		_ = file.Close()
		return err
	}
	return file.Close()
}

func (node *Planted) fill(file *os.File) error {
	random := rand.New(rand.NewSource(node.Seed))
	switch node.Fill {
	case "inline":
		_, err := file.Write(node.Data)
		return err
	case "sparse":
		// A hole with a few islands.
		if err := file.Truncate(node.Size); err != nil {
			return err
		}
		for range 3 {
			if _, err := file.WriteAt([]byte("island"), random.Int63n(max(1, node.Size-6))); err != nil {
				return err
			}
		}
		return file.Truncate(node.Size)
	case "text":
		out := bufio.NewWriter(file)
		for left := node.Size; left > 0; {
			word := fmt.Sprintf("word%d ", random.Intn(500))
			word = word[:min(int64(len(word)), left)]
			left -= int64(len(word))
			if _, err := out.WriteString(word); err != nil {
				return err
			}
		}
		return out.Flush()
	default:
		_, err := io.CopyN(file, random, node.Size)
		return err
	}
}

// dress sets owner, attributes, mode and time, in this order: each of them undoes something of the ones after it.
func (node *Planted) dress(root string) error {
	name := filepath.Join(root, string(node.Path))
	if node.Type == "hardlink" {
		return nil
	}
	if os.Geteuid() == 0 {
		if err := os.Lchown(name, node.UID, node.GID); err != nil {
			return err
		}
	}
	for _, one := range node.Xattrs {
		if err := xattr.LSet(name, string(one.Name), one.Value); err != nil {
			return err
		}
	}
	if node.Type != "symlink" {
		if err := unix.Chmod(name, node.Mode); err != nil {
			return err
		}
	}
	seconds, err := strconv.ParseInt(node.Sec, 10, 64)
	if err != nil {
		return err
	}
	when := unix.Timespec{Sec: seconds, Nsec: node.Nsec}
	return unix.UtimesNanoAt(unix.AT_FDCWD, name, []unix.Timespec{when, when}, unix.AT_SYMLINK_NOFOLLOW)
}

// survey tells what lies on the disk below request.Path, in the form of `digest`, read by this program alone.
func survey(out *bufio.Writer, request *Request) error {
	return filepath.WalkDir(request.Path, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		stat := objects.FileInfoFromStat(info)
		record := digestEntry{
			Path: []byte(name), Type: typeName(info.Mode()), Mode: unixMode(info.Mode()), GoMode: uint32(info.Mode()),
			UID: fmt.Sprint(stat.Uid()), GID: fmt.Sprint(stat.Gid()), Dev: fmt.Sprint(stat.Dev()), Ino: fmt.Sprint(stat.Ino()), Nlink: stat.Nlink(),
			MtimeNs: nanoseconds(info.ModTime()), Size: info.Size(),
		}
		if info.Mode()&fs.ModeSymlink != 0 {
			target, err := os.Readlink(name)
			if err != nil {
				return err
			}
			record.Target = []byte(target)
		}
		if info.Mode().IsRegular() {
			if record.Sha256, err = fileSum(name); err != nil {
				return err
			}
		}
		if record.Xattrs, record.Names, err = surveyXattrs(name); err != nil {
			return err
		}
		return emit(out, record)
	})
}

func fileSum(name string) (string, error) {
	file, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer file.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, file); err != nil {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

func surveyXattrs(name string) ([]digestAttribute, [][]byte, error) {
	names, err := xattr.LList(name)
	if err != nil {
		return nil, nil, err
	}
	sort.Strings(names)
	var values []digestAttribute
	var listed [][]byte
	for _, attribute := range names {
		value, err := xattr.LGet(name, attribute)
		if err != nil {
			return nil, nil, err
		}
		sum := sha256.Sum256(value)
		values = append(values, digestAttribute{Name: []byte(attribute), Size: int64(len(value)), Sha256: hex.EncodeToString(sum[:])})
		listed = append(listed, []byte(attribute))
	}
	return values, listed, nil
}
