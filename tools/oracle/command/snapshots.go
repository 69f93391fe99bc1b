package command

import (
	"bufio"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"time"

	"github.com/PlakarKorp/kloset/objects"
	"github.com/PlakarKorp/kloset/repository"
	"github.com/PlakarKorp/kloset/snapshot"
)

func backup(line Line, repo *repository.Repository, out *bufio.Writer, request *Request) error {
	if !filepath.IsAbs(request.Path) {
		return errors.New("the path to back up must be absolute")
	}
	id, err := line.Backup(repo, request)
	if err != nil {
		return err
	}
	awaitUnlock(request.Store, id)
	return emit(out, map[string]any{"snapshot": hexMAC(id)})
}

// awaitUnlock waits for the library to remove its lock: it does so in the background, and the end of the process would leave it behind.
func awaitUnlock(store string, id objects.MAC) {
	name := filepath.Join(store, "locks", hexMAC(id))
	for range 400 {
		if _, err := os.Lstat(name); err != nil {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func parseMAC(into *objects.MAC, text string) error {
	read, err := hex.Decode(into[:], []byte(text[:min(len(text), 2*len(into))]))
	if err == nil && (read != len(into) || len(text) != 2*len(into)) {
		err = fmt.Errorf("%q is not an id of 64 hex digits", text)
	}
	return err
}

func hexMAC(mac objects.MAC) string { return fmt.Sprintf("%x", mac[:]) }

type listed struct {
	Snapshot  string   `json:"snapshot"`
	Loads     bool     `json:"loads"`
	Problem   string   `json:"problem,omitempty"`
	Name      string   `json:"name"`
	Tags      []string `json:"tags"`
	Timestamp string   `json:"timestamp"`
	Type      string   `json:"type"`
	Origin    string   `json:"origin"`
	Directory string   `json:"directory"`
	Errors    uint64   `json:"errors"`
	Size      uint64   `json:"size"`
	timestamp time.Time
}

// newestFirst loads the header of every visible snapshot.
func newestFirst(line Line, repo *repository.Repository) ([]listed, error) {
	ids, err := line.Snapshots(repo)
	if err != nil {
		return nil, err
	}
	found := make([]listed, 0, len(ids))
	for _, id := range ids {
		snap, err := snapshot.Load(repo, id)
		if err != nil {
			found = append(found, listed{Snapshot: hexMAC(id), Problem: err.Error()})
			continue
		}
		header := snap.Header
		entry := listed{Snapshot: hexMAC(id), Loads: true, Name: header.Name, Tags: header.Tags, timestamp: header.Timestamp, Timestamp: header.Timestamp.UTC().Format(time.RFC3339Nano)}
		if len(header.Sources) > 0 {
			source := header.GetSource(0)
			entry.Type, entry.Origin, entry.Directory = source.Importer.Type, source.Importer.Origin, source.Importer.Directory
			entry.Errors = source.Summary.Directory.Errors + source.Summary.Below.Errors
			entry.Size = source.Summary.Directory.Size + source.Summary.Below.Size
		}
		found = append(found, entry)
		_ = snap.Close()
	}
	sort.SliceStable(found, func(i, j int) bool { return found[i].timestamp.After(found[j].timestamp) })
	return found, nil
}

func list(line Line, repo *repository.Repository, out *bufio.Writer) error {
	found, err := newestFirst(line, repo)
	if err != nil {
		return err
	}
	broken := 0
	for _, entry := range found {
		if !entry.Loads {
			broken++
		}
		if err := emit(out, entry); err != nil {
			return err
		}
	}
	if broken > 0 {
		return fmt.Errorf("%w: %d snapshots cannot be read", errDamaged, broken)
	}
	return nil
}

// choose gives the ids a request names: one, or, with an empty id, all (newest first).
func choose(line Line, repo *repository.Repository, request *Request) ([]objects.MAC, error) {
	if request.Snapshot != "" {
		var id objects.MAC
		err := parseMAC(&id, request.Snapshot)
		return []objects.MAC{id}, err
	}
	found, err := newestFirst(line, repo)
	if err != nil {
		return nil, err
	}
	ids := make([]objects.MAC, len(found))
	for i, entry := range found {
		if err := parseMAC(&ids[i], entry.Snapshot); err != nil {
			return nil, err
		}
	}
	return ids, nil
}

func remove(repo *repository.Repository, request *Request) error {
	var id objects.MAC
	if err := parseMAC(&id, request.Snapshot); err != nil {
		return err
	}
	if _, err := snapshot.Load(repo, id); err != nil {
		return err
	}
	return repo.DeleteSnapshot(id)
}
