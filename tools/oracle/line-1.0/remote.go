package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"

	fsstorage "github.com/PlakarKorp/integration-fs/storage"
	"github.com/PlakarKorp/kloset/objects"
	"github.com/PlakarKorp/kloset/repository"
	"github.com/PlakarKorp/kloset/storage"

	"oracle/command"
)

// openPlace gives a folder by plakar's own connector; an archive, or a store server of line 1.0, by ones made after the format's description (spec 04, 6 and 8),
// because those of line 1.0 are no modules that can be had.
func openPlace(ctx context.Context, location string) (storage.Store, error) {
	switch {
	case command.IsRemote(location):
		return &remote{base: strings.TrimRight(location, "/")}, nil
	case command.IsArchive(location):
		return openArchive(location)
	default:
		return fsstorage.NewStore(ctx, "fs", map[string]string{"location": "fs://" + location})
	}
}

// item is the answer to the requests for an item: its data is there when it is empty.
type item struct {
	Data []byte
	Err  string
}

// message has all that requests and answers of the JSON protocol may hold; encoding/json takes names in any case.
type message struct {
	MAC           *objects.MAC  `json:",omitempty"`
	Offset        uint64        `json:",omitempty"`
	Length        uint32        `json:",omitempty"`
	Data          []byte        `json:",omitempty"`
	MACs          []objects.MAC `json:",omitempty"`
	Locks         []objects.MAC `json:",omitempty"`
	Configuration []byte        `json:",omitempty"`
	Err           string
}

type remote struct{ base string }

func (r *remote) ask(method, path string, asked message) (*message, error) {
	body, err := json.Marshal(asked)
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequest(method, r.base+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	// The status is not looked at, as plakar's client does not.
	found := &message{}
	if err := json.NewDecoder(answer.Body).Decode(found); err != nil {
		return nil, err
	}
	if found.Err != "" {
		return nil, errors.New(found.Err)
	}
	return found, nil
}

func (r *remote) get(path string, asked message) (io.ReadCloser, error) {
	found, err := r.ask("GET", path, asked)
	if err != nil {
		return nil, err
	}
	return io.NopCloser(bytes.NewReader(found.Data)), nil
}

func (r *remote) put(path string, mac objects.MAC, rd io.Reader) (int64, error) {
	data, err := io.ReadAll(rd)
	if err != nil {
		return 0, err
	}
	_, err = r.ask("PUT", path, message{MAC: &mac, Data: data})
	return int64(len(data)), err
}

func (r *remote) remove(path string, mac objects.MAC) error {
	_, err := r.ask("DELETE", path, message{MAC: &mac})
	return err
}

func (r *remote) list(path string) ([]objects.MAC, error) {
	found, err := r.ask("GET", path, message{})
	if err != nil {
		return nil, err
	}
	return append(found.MACs, found.Locks...), nil
}

func (r *remote) Create(context.Context, []byte) error { return nil }
func (r *remote) Open(context.Context) ([]byte, error) {
	found, err := r.ask("GET", "/", message{})
	if err != nil {
		return nil, err
	}
	return found.Configuration, nil
}
func (r *remote) Location(context.Context) (string, error) { return r.base, nil }
func (r *remote) Mode(context.Context) (storage.Mode, error) {
	return storage.ModeRead | storage.ModeWrite, nil
}
func (r *remote) Size(context.Context) (int64, error)                 { return -1, nil }
func (r *remote) Close(context.Context) error                         { return nil }
func (r *remote) GetStates(context.Context) ([]objects.MAC, error)    { return r.list("/states") }
func (r *remote) GetPackfiles(context.Context) ([]objects.MAC, error) { return r.list("/packfiles") }
func (r *remote) GetLocks(context.Context) ([]objects.MAC, error)     { return r.list("/locks") }
func (r *remote) GetState(_ context.Context, mac objects.MAC) (io.ReadCloser, error) {
	return r.get("/state", message{MAC: &mac})
}
func (r *remote) GetPackfile(_ context.Context, mac objects.MAC) (io.ReadCloser, error) {
	return r.get("/packfile", message{MAC: &mac})
}
func (r *remote) GetPackfileBlob(_ context.Context, mac objects.MAC, offset uint64, length uint32) (io.ReadCloser, error) {
	return r.get("/packfile/blob", message{MAC: &mac, Offset: offset, Length: length})
}
func (r *remote) GetLock(_ context.Context, id objects.MAC) (io.ReadCloser, error) {
	return r.get("/lock", message{MAC: &id})
}
func (r *remote) PutState(_ context.Context, mac objects.MAC, rd io.Reader) (int64, error) {
	return r.put("/state", mac, rd)
}
func (r *remote) PutPackfile(_ context.Context, mac objects.MAC, rd io.Reader) (int64, error) {
	return r.put("/packfile", mac, rd)
}
func (r *remote) PutLock(_ context.Context, id objects.MAC, rd io.Reader) (int64, error) {
	return r.put("/lock", id, rd)
}
func (r *remote) DeleteState(_ context.Context, mac objects.MAC) error {
	return r.remove("/state", mac)
}
func (r *remote) DeletePackfile(_ context.Context, mac objects.MAC) error {
	return r.remove("/packfile", mac)
}
func (r *remote) DeleteLock(_ context.Context, id objects.MAC) error { return r.remove("/lock", id) }

// Serve answers as the server of line 1.0 does (spec 04, 6): no sizes, and CONFIG for every path that it does not know.
func (line) Serve(repo *repository.Repository, request *command.Request) error {
	return http.ListenAndServe(request.Listen, &server{store: repo.Store(), allowDelete: request.AllowDelete})
}

type server struct {
	store       storage.Store
	allowDelete bool
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	asked := message{MAC: &objects.MAC{}}
	if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if r.Method == "DELETE" && !s.allowDelete && r.URL.Path != "/lock" {
		http.Error(w, "not allowed to delete", http.StatusForbidden)
		return
	}
	answer, err := s.answer(r.Context(), r.Method+" "+r.URL.Path, asked)
	if err != nil {
		answer.Err = err.Error()
	}
	var encoded any = answer
	if r.Method == "GET" && (answer.Data != nil || err != nil) {
		encoded = item{answer.Data, answer.Err}
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_ = json.NewEncoder(w).Encode(encoded)
}

func (s *server) answer(ctx context.Context, what string, asked message) (found message, err error) {
	mac, data := *asked.MAC, bytes.NewReader(asked.Data)
	read := func(rd io.ReadCloser, failed error) {
		if err = failed; err == nil {
			found.Data, err = io.ReadAll(rd)
			_ = rd.Close()
		}
	}
	switch what {
	case "GET /states":
		found.MACs, err = s.store.GetStates(ctx)
	case "GET /packfiles":
		found.MACs, err = s.store.GetPackfiles(ctx)
	case "GET /locks":
		found.Locks, err = s.store.GetLocks(ctx)
	case "GET /state":
		read(s.store.GetState(ctx, mac))
	case "GET /packfile":
		read(s.store.GetPackfile(ctx, mac))
	case "GET /packfile/blob":
		read(s.store.GetPackfileBlob(ctx, mac, asked.Offset, asked.Length))
	case "GET /lock":
		read(s.store.GetLock(ctx, mac))
	case "PUT /state":
		_, err = s.store.PutState(ctx, mac, data)
	case "PUT /packfile":
		_, err = s.store.PutPackfile(ctx, mac, data)
	case "PUT /lock":
		_, err = s.store.PutLock(ctx, mac, data)
	case "DELETE /state":
		err = s.store.DeleteState(ctx, mac)
	case "DELETE /packfile":
		err = s.store.DeletePackfile(ctx, mac)
	case "DELETE /lock":
		err = s.store.DeleteLock(ctx, mac)
	default:
		found.Configuration, err = s.store.Open(ctx)
	}
	return found, err
}
