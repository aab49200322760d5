package main

import (
	"bytes"
	"context"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"

	"porthole/server/site"
	"porthole/server/stream"
	"porthole/server/wire"
	"porthole/static"
	"porthole/templates"
)

func TestOnLoopbackNobodyIsInvitedAndASentenceSaysWhatToDo(t *testing.T) {
	for _, ip := range []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback} {
		hosts, reason := reach(&net.TCPAddr{IP: ip, Port: 8090}, []string{"porthole.lan"})
		if len(hosts) != 0 || !strings.Contains(reason, "--listen 0.0.0.0:8090") {
			t.Errorf("%s: %v, %q", ip, hosts, reason)
		}
	}
}

func TestBeyondLoopbackTheRoomIsInvited(t *testing.T) {
	hosts, reason := reach(&net.TCPAddr{IP: net.IPv4zero, Port: 8080}, []string{"porthole.lan", "proxy.lan:443"})
	if len(hosts) < 2 || hosts[0] != "porthole.lan:8080" || hosts[1] != "proxy.lan:443" {
		t.Errorf("the names that were allowed do not come first: %v", hosts)
	}
	for _, host := range hosts {
		if strings.HasPrefix(host, "127.") || strings.HasPrefix(host, "[::1]") {
			t.Errorf("the room is sent to its own machines: %v", hosts)
		}
	}
	if reason == "" {
		t.Error("where there is no address, nothing says why")
	}
	hosts, _ = reach(&net.TCPAddr{IP: net.IPv4(192, 0, 2, 7), Port: 8080}, nil)
	if !inContainer() && (len(hosts) != 1 || hosts[0] != "192.0.2.7:8080") {
		t.Errorf("listening on one address, the room is sent to %v", hosts)
	}
}

// lines collects what is printed, one write at a time.
type lines chan string

func (l lines) Write(p []byte) (int, error) {
	l <- string(p)
	return len(p), nil
}

func TestASignalPrintsAnotherLink(t *testing.T) {
	hub := stream.NewHub(stream.Options{})
	window, err := site.New(site.Options{
		Lab: noLab{}, Hub: hub, Sources: noLab{}, Host: func() wire.Host { return wire.Host{} },
		Templates: templates.FS, Static: static.FS, ControlToken: "the first one",
	})
	if err != nil {
		t.Fatal(err)
	}
	printed := make(lines, 4)
	rings := make(chan os.Signal, 1)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- renewControl(ctx, rings, window, printed, "http://localhost:8080") }()
	rings <- syscall.SIGUSR1
	link := <-printed
	if !strings.Contains(link, "http://localhost:8080/control#") || strings.Contains(link, "the first one") {
		t.Errorf("the signal prints %q", link)
	}
	if how := <-printed; !strings.Contains(how, "good once") || !strings.Contains(how, "kill -USR1") {
		t.Errorf("and does not say how often it is good: %q", how)
	}
	cancel()
	if err := <-ended; err != context.Canceled {
		t.Errorf("it ends with %v", err)
	}
}

func TestWhatIsPrintedForTheRoom(t *testing.T) {
	var out bytes.Buffer
	announceRoom(&out, nil, "/porthole")
	if out.Len() > 0 {
		t.Errorf("nobody can come, and %q is printed", out.String())
	}
	announceRoom(&out, []string{"192.0.2.7:8080"}, "/porthole")
	if !strings.Contains(out.String(), "http://192.0.2.7:8080/porthole/follow") {
		t.Errorf("printed is %q", out.String())
	}
}

// noLab runs nothing.
type noLab struct{}

func (noLab) Catalogue() []wire.Lesson                            { return nil }
func (noLab) Start(context.Context, string) (wire.Run, error)     { return wire.Run{}, nil }
func (noLab) Get(string) (wire.Run, bool)                         { return wire.Run{}, false }
func (noLab) Runs() []wire.Run                                    { return nil }
func (noLab) Stop(context.Context, string) error                  { return nil }
func (noLab) Act(context.Context, string, string, *float64) error { return nil }
func (noLab) Source(string, string) (wire.Provenance, error)      { return wire.Provenance{}, nil }
