package site

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// decodeStrictly reads one JSON value that fills all of data, without unknown
// fields. No data at all is an empty object.
func decodeStrictly(data []byte, value any) error {
	if len(bytes.TrimSpace(data)) == 0 {
		return nil
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(value); err != nil {
		return explainJSON(err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("there is more after the first value")
	}
	return nil
}

// explainJSON puts the decoder's words into ours.
func explainJSON(err error) error {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return fmt.Errorf("it breaks off or goes wrong at byte %d", syntax.Offset)
	case errors.As(err, &kind) && kind.Field != "":
		return fmt.Errorf("the field %s cannot be a %s", shorten(kind.Field, 60), kind.Value)
	case errors.As(err, &kind):
		return fmt.Errorf("it has to be an object and not a %s", kind.Value)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("it breaks off")
	}
	if field, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		return fmt.Errorf("there is no field %s", shorten(field, 60))
	}
	return errors.New("it is not JSON")
}
