package stat

import "testing"

func TestField(t *testing.T) {
	const text = "7 (a ) b) Z 5 7 7 0 -1 4228108 0 0"
	for field, want := range map[int]string{3: "Z", 4: "5", 9: "4228108", 11: "0", 12: ""} {
		if got := Field([]byte(text), field); got != want {
			t.Errorf("field %d is %q, want %q", field, got, want)
		}
	}
	for _, none := range []string{"", "7 sleep S 1", "7 (sleep)"} {
		if got := Field([]byte(none), 3); got != "" {
			t.Errorf("%q has %q", none, got)
		}
	}
}

func TestExiting(t *testing.T) {
	for text, want := range map[string]bool{
		"7 (a) Z 5 7 7 0 -1 4228108 0": true, "7 (a) S 5 7 7 0 -1 4194560 0": false,
		"7 (a) S 5 7 7 0 -1 x 0": false, "7 (a) S": false, "": false,
	} {
		if got := Exiting([]byte(text)); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}
