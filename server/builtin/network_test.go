package builtin

import (
	"errors"
	"fmt"
	"testing"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// TestListsThatChange lists the network cards of a machine on which cards come
// and go, in a network namespace of its own.
func TestListsThatChange(t *testing.T) {
	var space, churn *netlink.Handle
	var err error
	onItsOwnThread(func() {
		if err = unix.Unshare(unix.CLONE_NEWNET); err != nil {
			return
		}
		if space, err = netlink.NewHandle(); err == nil {
			churn, err = netlink.NewHandle()
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	defer space.Close()
	defer churn.Close()
	card := func(number int) netlink.Link {
		attributes := netlink.NewLinkAttrs()
		attributes.Name = fmt.Sprintf("card%d", number)
		return &netlink.Bridge{LinkAttrs: attributes}
	}
	const lasting = 60 // more than fit into one message of the kernel
	for number := range lasting {
		if err := space.LinkAdd(card(number)); err != nil {
			t.Fatal(err)
		}
	}
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case <-stop:
				return
			default:
				one := card(lasting)
				if err := errors.Join(churn.LinkAdd(one), churn.LinkDel(one)); err != nil {
					t.Error(err)
					return
				}
			}
		}
	}()
	defer func() { close(stop); <-stopped }()
	interrupted := 0
	for tries := 0; interrupted < 20; tries++ {
		if tries == 100000 {
			t.Fatalf("only %d lists were interrupted: nothing was proved", interrupted)
		}
		links, err := whole(func() ([]netlink.Link, error) {
			links, err := space.LinkList()
			if errors.Is(err, netlink.ErrDumpInterrupted) {
				interrupted++
			}
			return links, err
		})
		if err != nil || len(links) < lasting+1 { // and the loopback
			t.Fatalf("%d cards, %v", len(links), err)
		}
	}
}
