package command

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/PlakarKorp/kloset/objects"
	"github.com/PlakarKorp/kloset/repository"
	"github.com/PlakarKorp/kloset/snapshot"
)

// maintain does what the program's maintenance does (spec 01, 7.2 to 7.4): exclusive lock, packfiles in use, colour, sweep. Nothing is repacked.
func maintain(line Line, repo *repository.Repository, out *bufio.Writer, request *Request) error {
	grace, err := time.ParseDuration(request.Grace)
	if err != nil {
		return fmt.Errorf("grace: %w", err)
	}
	unlock, err := lockExclusively(repo)
	if err != nil {
		return err
	}
	defer unlock()
	used, err := packfilesInUse(line, repo)
	if err != nil {
		return err
	}
	cutoff := time.Now().Add(-grace)
	before := line.Coloured(repo)
	toColour, orphans, err := unused(line, repo, used, cutoff)
	if err != nil {
		return err
	}
	if len(toColour) > 0 {
		if err := line.Colour(repo, toColour); err != nil {
			return err
		}
	}
	var remove, uncolour []objects.MAC
	for name, when := range before {
		switch {
		case when.After(cutoff):
		case used[name]:
			uncolour = append(uncolour, name)
		default:
			remove = append(remove, name)
		}
	}
	blobs, err := line.Sweep(repo, remove, uncolour)
	if err != nil {
		return err
	}
	if !request.KeepFiles {
		for _, name := range remove {
			// Another machine may have removed it: the libraries' maintenance goes on as well.
			if err := repo.DeletePackfile(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
	}
	return emit(out, map[string]any{"coloured": len(toColour), "orphans": orphans, "packfiles": len(remove), "uncoloured": len(uncolour), "blobs": blobs})
}

func packfilesInUse(line Line, repo *repository.Repository) (map[objects.MAC]bool, error) {
	ids, err := line.Snapshots(repo)
	if err != nil {
		return nil, err
	}
	used := map[objects.MAC]bool{}
	for _, id := range ids {
		snap, err := snapshot.Load(repo, id)
		if err != nil {
			return nil, err
		}
		list, err := snap.ListPackfiles()
		if err != nil {
			return nil, fmt.Errorf("snapshot %x: %w", id, err)
		}
		for name, err := range list {
			if err != nil {
				return nil, fmt.Errorf("snapshot %x: %w", id, err)
			}
			used[name] = true
		}
		_ = snap.Close()
	}
	return used, nil
}

// unused gives the packfiles to colour: known and in no snapshot, or in no state and old enough not to belong to a running backup.
func unused(line Line, repo *repository.Repository, used map[objects.MAC]bool, cutoff time.Time) ([]objects.MAC, int, error) {
	coloured := line.Coloured(repo)
	known := map[objects.MAC]bool{}
	var result []objects.MAC
	for name := range repo.ListPackfiles() {
		known[name] = true
		if _, done := coloured[name]; !done && !used[name] {
			result = append(result, name)
		}
	}
	files, err := line.Packfiles(repo)
	if err != nil {
		return nil, 0, err
	}
	orphans := 0
	for _, name := range files {
		if _, done := coloured[name]; done || known[name] {
			continue
		}
		body, err := repo.GetPackfile(name)
		if err != nil {
			return nil, 0, err
		}
		if time.Unix(0, body.Footer.Timestamp).Before(cutoff) {
			orphans++
			result = append(result, name)
		}
	}
	return result, orphans, nil
}

func lockExclusively(repo *repository.Repository) (func(), error) {
	id := objects.RandomMAC()
	buffer := &bytes.Buffer{}
	if err := repository.NewExclusiveLock(repo.AppContext().Hostname).SerializeToStream(buffer); err != nil {
		return nil, err
	}
	if _, err := repo.PutLock(id, buffer); err != nil {
		return nil, err
	}
	unlock := func() { _ = repo.DeleteLock(id) }
	others, err := repo.GetLocks()
	if err != nil {
		unlock()
		return nil, err
	}
	for _, other := range others {
		if other == id {
			continue
		}
		rd, err := repo.GetLock(other)
		if err != nil {
			unlock()
			return nil, err
		}
		lock, err := repository.NewLockFromStream(rd)
		if err != nil {
			unlock()
			return nil, err
		}
		if !lock.IsStale() {
			unlock()
			return nil, errors.New("Can't take exclusive lock, repository is already locked")
		}
		if err := repo.DeleteLock(other); err != nil {
			unlock()
			return nil, err
		}
	}
	return unlock, nil
}
