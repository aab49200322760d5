// Package stat reads single fields of /proc/PID/stat, see proc_pid_stat(5).
// procfs' Stat gives them too, but scans all fifty, and these are asked for often.
package stat

import (
	"bytes"
	"strconv"
)

// exiting is the kernel's mark PF_EXITING, in field 9.
const exiting = 0x4

// Field is a field from the third on, as the manual page counts them; "" where
// there is none. The command (field 2) stands in brackets and may hold brackets
// and blanks, so fields count from the last one.
func Field(text []byte, wanted int) string {
	end := bytes.LastIndexByte(text, ')')
	if end < 0 {
		return ""
	}
	field := 2
	for word := range bytes.FieldsSeq(text[end+1:]) {
		if field++; field == wanted {
			return string(word)
		}
	}
	return ""
}

// Exiting reports whether the process is being torn down, or is a zombie. False
// where the text does not tell.
func Exiting(text []byte) bool {
	flags, err := strconv.ParseUint(Field(text, 9), 10, 64)
	return err == nil && flags&exiting != 0
}
