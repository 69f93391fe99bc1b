package command

import (
	"bufio"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/PlakarKorp/kloset/caching"
	"github.com/PlakarKorp/kloset/caching/pebble"
	"github.com/PlakarKorp/kloset/kcontext"
	"github.com/PlakarKorp/kloset/logging"
	"github.com/PlakarKorp/kloset/repository"
)

// Exit codes.
const (
	exitFailed  = 1
	exitDamaged = 65
)

var errDamaged = errors.New("damaged")

// Main runs one command of the command line, or with `batch` one JSON request a line of standard input.
// Results are JSON lines on standard output; a batch ends each request with {"done":n,"code":c,"error":"…"}.
func Main(line Line) {
	out := bufio.NewWriterSize(os.Stdout, 1<<20)
	code := run(line, out, os.Args[1:])
	if err := out.Flush(); err != nil {
		code = exitFailed
	}
	os.Exit(code)
}

func run(line Line, out *bufio.Writer, args []string) int {
	if len(args) == 1 && args[0] == "batch" {
		return batch(line, out)
	}
	request, err := parse(args)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return exitFailed
	}
	code, err := perform(line, out, request)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	return code
}

func batch(line Line, out *bufio.Writer) int {
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(make([]byte, 1<<20), 1<<28)
	worst := 0
	for number := 0; in.Scan(); number++ {
		request := &Request{}
		code, err := exitFailed, json.Unmarshal(in.Bytes(), request)
		if err == nil {
			code, err = perform(line, out, request)
		}
		end := map[string]any{"done": number, "code": code}
		if err != nil {
			end["error"] = err.Error()
		}
		if emit(out, end) != nil || out.Flush() != nil {
			return exitFailed
		}
		worst = max(worst, code)
	}
	if err := in.Err(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return exitFailed
	}
	return worst
}

func parse(args []string) (*Request, error) {
	if len(args) == 0 {
		return nil, errors.New("usage: oracle create|backup|ls|check|digest|restore|rm|maintenance|serve|archive|mime|plant|survey|batch [options], or a folder for the stores of the fixtures")
	}
	request := &Request{Command: args[0]}
	flags := flag.NewFlagSet(args[0], flag.ContinueOnError)
	var tags string
	var memory, seconds, low, normal, high uint64
	flags.StringVar(&request.Store, "store", "", "folder of the store, an archive FILE.ptar, or http://host:port")
	flags.StringVar(&request.Cache, "cache", "", "folder of this machine's caches; a temporary one if absent")
	flags.StringVar(&request.Hostname, "hostname", "", "name of this machine")
	flags.IntVar(&request.Concurrency, "concurrency", 0, "workers; 0 for one a core")
	flags.StringVar(&request.Hashing, "hashing", "", "BLAKE3 or SHA256")
	flags.StringVar(&request.Compression, "compression", "LZ4", "LZ4, GZIP, or none")
	flags.StringVar(&request.KDF, "kdf", "", "ARGON2ID, SCRYPT, PBKDF2: encrypted with ORACLE_PASSPHRASE")
	flags.StringVar(&request.SubKey, "subkey", "", "AES256-KW or AES256-GCM")
	flags.Uint64Var(&memory, "kdf-memory", 0, "KiB of ARGON2ID")
	flags.Uint64Var(&seconds, "kdf-time", 0, "passes of ARGON2ID")
	flags.Uint64Var(&low, "chunk-min", 0, "bytes")
	flags.Uint64Var(&normal, "chunk-normal", 0, "bytes")
	flags.Uint64Var(&high, "chunk-max", 0, "bytes")
	flags.Uint64Var(&request.MaxPackfile, "max-packfile", 0, "bytes")
	flags.StringVar(&request.Path, "path", "", "what to back up, or the path in the snapshot to restore")
	flags.StringVar(&tags, "tags", "", "comma-separated")
	flags.StringVar(&request.Name, "name", "", "name of the snapshot")
	flags.BoolVar(&request.NoParent, "no-parent", false, "read every file anew (1.1)")
	flags.BoolVar(&request.OrderedXattrs, "ordered-xattrs", false, "no attribute gets lost (spec 02, 9.4)")
	flags.StringVar(&request.Packfiles, "packfiles", "", "folder for packfiles being filled; memory if absent")
	flags.StringVar(&request.Snapshot, "snapshot", "", "id of 64 hex digits")
	flags.BoolVar(&request.Library, "library", false, "check with nothing but the library's own check")
	flags.BoolVar(&request.Fast, "fast", false, "with -library: read no contents")
	flags.StringVar(&request.To, "to", "", "folder to restore into")
	flags.BoolVar(&request.Exporter, "exporter", false, "restore with the library's own exporter and its defects")
	flags.StringVar(&request.Grace, "grace", "", "Go duration: 0s, 72h")
	flags.BoolVar(&request.KeepFiles, "keep-files", false, "maintenance leaves swept packfiles in the folder")
	flags.StringVar(&request.Listen, "listen", "", "host:port to serve at")
	flags.BoolVar(&request.AllowDelete, "allow-delete", false, "serve: states and packfiles may be deleted")
	flags.StringVar(&request.List, "list", "", "file with paths, each ended by a zero byte (mime), or with JSON lines (plant)")
	if err := flags.Parse(args[1:]); err != nil {
		return nil, err
	}
	if tags != "" {
		request.Tags = strings.Split(tags, ",")
	}
	request.KDFMemoryKiB, request.KDFTime = uint32(memory), uint32(seconds)
	request.ChunkMin, request.ChunkNormal, request.ChunkMax = uint32(low), uint32(normal), uint32(high)
	request.Passphrase = os.Getenv("ORACLE_PASSPHRASE")
	request.Paths = flags.Args()
	return request, nil
}

func perform(line Line, out *bufio.Writer, request *Request) (code int, err error) {
	// The library panics on some damage: that is a finding, not the end of a batch.
	defer func() {
		if found := recover(); found != nil {
			code, err = exitDamaged, fmt.Errorf("the library panics: %v\n%s", found, debug.Stack())
		}
	}()
	err = dispatch(line, out, request)
	if errors.Is(err, errDamaged) {
		return exitDamaged, err
	}
	if err != nil {
		return exitFailed, err
	}
	return 0, nil
}

func dispatch(line Line, out *bufio.Writer, request *Request) error {
	switch request.Command {
	case "mime":
		return mimeTypes(out, request)
	case "plant":
		return plant(request)
	case "survey":
		return survey(out, request)
	}
	if request.Store == "" {
		return errors.New("no store given")
	}
	ctx, end, err := newContext(line, request)
	if err != nil {
		return err
	}
	defer end()
	if request.Command == "create" {
		return line.Create(ctx, request)
	}
	if request.Command == "archive" {
		return archive(ctx, line, out, request)
	}
	repo, err := line.Open(ctx, request)
	if err != nil {
		return fmt.Errorf("open: %w", err)
	}
	return within(line, repo, out, request)
}

func archive(ctx *kcontext.KContext, line Line, out *bufio.Writer, request *Request) error {
	maker, ok := line.(Archiver)
	if !ok {
		return errors.New("this line's archives cannot be made here")
	}
	id, err := maker.Archive(ctx, request)
	if err != nil {
		return err
	}
	return emit(out, map[string]any{"snapshot": fmt.Sprintf("%x", id[:])})
}

func within(line Line, repo *repository.Repository, out *bufio.Writer, request *Request) error {
	switch request.Command {
	case "backup":
		return backup(line, repo, out, request)
	case "ls":
		return list(line, repo, out)
	case "check":
		return check(line, repo, out, request)
	case "digest":
		return digest(line, repo, out, request)
	case "restore":
		return restore(line, repo, request)
	case "walk":
		return walk(line, repo, out, request)
	case "diff":
		return diff(line, repo, out, request)
	case "rm":
		return remove(repo, request)
	case "serve":
		return line.Serve(repo, request)
	case "maintenance":
		return maintain(line, repo, out, request)
	default:
		return fmt.Errorf("unknown command %q", request.Command)
	}
}

func newContext(line Line, request *Request) (*kcontext.KContext, func(), error) {
	cache, temporary := request.Cache, ""
	if cache == "" {
		made, err := os.MkdirTemp("", "oracle-cache")
		if err != nil {
			return nil, nil, err
		}
		cache, temporary = made, made
	}
	ctx := kcontext.NewKContext()
	ctx.Client = "oracle/" + line.Name()
	ctx.Hostname, ctx.Username, ctx.MachineID, ctx.CommandLine = "oracle-host", "oracle", "00000000-0000-4000-8000-000000000000", "oracle"
	if request.Hostname != "" {
		ctx.Hostname = request.Hostname
	}
	ctx.OperatingSystem, ctx.Architecture = runtime.GOOS, runtime.GOARCH
	ctx.CWD, ctx.CacheDir = "/", cache
	ctx.MaxConcurrency = request.Concurrency
	if ctx.MaxConcurrency <= 0 {
		ctx.MaxConcurrency = runtime.NumCPU()
	}
	ctx.SetCache(caching.NewManager(pebble.Constructor(cache)))
	ctx.SetLogger(logging.NewLogger(os.Stderr, os.Stderr))
	end := func() {
		_ = ctx.GetCache().Close()
		ctx.Close()
		if temporary != "" {
			_ = os.RemoveAll(temporary)
		}
	}
	return ctx, end, nil
}

func emit(out *bufio.Writer, value any) error {
	return json.NewEncoder(out).Encode(value)
}

var commands = map[string]bool{"create": true, "backup": true, "ls": true, "check": true, "digest": true, "restore": true, "walk": true, "diff": true, "rm": true, "maintenance": true, "serve": true, "archive": true, "mime": true, "plant": true, "survey": true, "batch": true}

// Known says whether a word is a command.
func Known(word string) bool { return commands[word] }
