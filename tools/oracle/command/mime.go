package command

import (
	"bufio"
	"bytes"
	"io"
	"os"

	"github.com/gabriel-vasile/mimetype"
)

// mimeTypes answers for each sample and each path, in base64, what the library would write in the object, looking at the same first bytes.
func mimeTypes(out *bufio.Writer, request *Request) error {
	for _, sample := range request.Samples {
		if err := emit(out, map[string]any{"mime": []byte(mimetype.Detect(sample).String())}); err != nil {
			return err
		}
	}
	paths := request.Paths
	if request.List != "" {
		body, err := os.ReadFile(request.List)
		if err != nil {
			return err
		}
		for _, name := range bytes.Split(body, []byte{0}) {
			if len(name) > 0 {
				paths = append(paths, string(name))
			}
		}
	}
	for _, name := range paths {
		head, err := headOf(name)
		if err != nil {
			return err
		}
		if err := emit(out, map[string]any{"path": []byte(name), "mime": []byte(mimetype.Detect(head).String())}); err != nil {
			return err
		}
	}
	return nil
}

// headOf reads up to 4 MiB, a chunk's worth: the detector decides itself how much of it counts.
func headOf(name string) ([]byte, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return io.ReadAll(io.LimitReader(file, 4<<20))
}
