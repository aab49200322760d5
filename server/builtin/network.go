package builtin

import (
	"errors"
	"fmt"
	"net"
	"sync"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// bridge joins the containers of one server: each has one end of a pair of
// virtual network cards, the other is plugged into it. It has no way out to
// the world, since no lesson needs one.
type bridge struct {
	name string
	// apart is true where it may not be in the host's network namespace: it is in
	// one that is made for it, and that ends with us.
	apart bool

	mu     sync.Mutex
	space  netns.NsHandle  // where it is, where it is apart
	cards  *netlink.Handle // talks to the kernel where it is; nil: not made yet
	link   netlink.Link    // nil: not made yet
	subnet *net.IPNet
	taken  map[byte]string // the last number of an address, and who has it
}

// up makes the bridge when it is first needed. b.mu is held.
func (b *bridge) up() error {
	if b.link != nil {
		return nil
	}
	subnet, err := freeSubnet()
	if err != nil {
		return err
	}
	if err := b.enter(); err != nil {
		return err
	}
	attributes := netlink.NewLinkAttrs()
	attributes.Name = b.name
	link := &netlink.Bridge{LinkAttrs: attributes}
	if err := b.cards.LinkAdd(link); err != nil {
		return failed("RTM_NEWLINK bridge "+b.name, err)
	}
	gateway := &netlink.Addr{IPNet: &net.IPNet{IP: host(subnet, 1), Mask: subnet.Mask}}
	if err := errors.Join(failed("RTM_NEWADDR "+gateway.String(), b.cards.AddrAdd(link, gateway)), failed("RTM_NEWLINK up", b.cards.LinkSetUp(link))); err != nil {
		b.cards.LinkDel(link)
		return err
	}
	b.link, b.subnet, b.taken = link, subnet, map[byte]string{}
	return nil
}

// enter makes ready to talk to the kernel where the bridge is to be. b.mu is held.
func (b *bridge) enter() (err error) {
	if b.cards != nil {
		return nil
	}
	if !b.apart {
		b.cards = &netlink.Handle{} // in the namespace of whoever asks
		return nil
	}
	onItsOwnThread(func() {
		if err = failed("unshare(CLONE_NEWNET)", unix.Unshare(unix.CLONE_NEWNET)); err == nil {
			b.space, err = netns.Get()
		}
	})
	if err != nil {
		return err
	}
	if b.cards, err = cardsIn(b.space); err != nil {
		b.space.Close()
	}
	return err
}

// cardsIn opens a way to talk to the kernel in a network namespace. The library
// enters it for a moment, and without root there is no way back into the host's:
// it does so on a thread that is not used again.
func cardsIn(space netns.NsHandle) (handle *netlink.Handle, err error) {
	onItsOwnThread(func() { handle, err = netlink.NewHandleAt(space) })
	return handle, failed("socket(AF_NETLINK)", err)
}

// attach gives a process' network namespace a card eth0 on the bridge, whose
// other end is called veth, and returns its address.
func (b *bridge) attach(t *trace, pid int, veth string) (string, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.up(); err != nil {
		return "", err
	}
	number := byte(2)
	for b.taken[number] != "" {
		if number++; number == 255 {
			return "", errors.New("all addresses of the bridge are taken; stop another lesson first")
		}
	}
	attributes := netlink.NewLinkAttrs()
	attributes.Name, attributes.MasterIndex = veth, b.link.Attrs().Index
	pair := &netlink.Veth{LinkAttrs: attributes, PeerName: "eth0", PeerNamespace: netlink.NsPid(pid)}
	if err := t.called(b.cards.LinkAdd(pair), "sendto(NETLINK_ROUTE, {RTM_NEWLINK, veth %q, master %q, peer \"eth0\" in the network namespace of %d})", veth, b.name, pid); err != nil {
		return "", err
	}
	b.taken[number] = veth
	if err := t.called(b.cards.LinkSetUp(pair), "sendto(NETLINK_ROUTE, {RTM_NEWLINK, %q, IFF_UP})", veth); err != nil {
		return "", err
	}
	address := &net.IPNet{IP: host(b.subnet, number), Mask: b.subnet.Mask}
	return address.String(), within(pid, func(inside *netlink.Handle) error {
		card, err := inside.LinkByName("eth0")
		if err != nil {
			return failed("looking for eth0", err)
		}
		if err := t.called(inside.AddrAdd(card, &netlink.Addr{IPNet: address}), "sendto(NETLINK_ROUTE, {RTM_NEWADDR, %s, eth0})", address); err != nil {
			return err
		}
		if err := t.called(inside.LinkSetUp(card), `sendto(NETLINK_ROUTE, {RTM_NEWLINK, "eth0", IFF_UP})`); err != nil {
			return err
		}
		gateway := host(b.subnet, 1)
		return t.called(inside.RouteAdd(&netlink.Route{LinkIndex: card.Attrs().Index, Gw: gateway}), "sendto(NETLINK_ROUTE, {RTM_NEWROUTE, default, via %s, eth0})", gateway)
	})
}

// detach removes a pair at once; by itself it goes some time after its
// namespace.
func (b *bridge) detach(veth string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	for number, holder := range b.taken {
		if holder == veth {
			delete(b.taken, number)
		}
	}
	if b.cards == nil { // no pair was made
		return nil
	}
	return removeLink(b.cards, veth)
}

func (b *bridge) down() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.link = nil
	if b.cards == nil {
		return nil
	}
	defer b.leave()
	return removeBridge(b.cards, b.name)
}

// leave lets the bridge's own namespace go. b.mu is held.
func (b *bridge) leave() {
	if b.apart {
		b.cards.Close()
		b.space.Close()
	}
	b.cards = nil
}

// removeBridge removes a bridge and whatever is still plugged into it.
func removeBridge(cards *netlink.Handle, name string) error {
	link, err := cards.LinkByName(name)
	if errors.As(err, new(netlink.LinkNotFoundError)) {
		return nil
	} else if err != nil {
		return failed("looking for "+name, err)
	}
	links, err := whole(cards.LinkList)
	if err != nil {
		return failed("listing the network cards", err)
	}
	for _, each := range links {
		if each.Attrs().MasterIndex == link.Attrs().Index {
			cards.LinkDel(each) // it may be going by itself
		}
	}
	return failed("RTM_DELLINK "+name, cards.LinkDel(link))
}

// whole asks the kernel for a list until it is told in one piece: where the list
// changes meanwhile, the kernel says that it may lack some
// (NLM_F_DUMP_INTR, netlink(7)), as on a machine where containers come and go.
func whole[T any](list func() ([]T, error)) (all []T, err error) {
	for range 1000 { // not for ever: a stop waits for this
		if all, err = list(); !errors.Is(err, netlink.ErrDumpInterrupted) {
			break
		}
	}
	return all, err
}

func removeLink(cards *netlink.Handle, name string) error {
	link, err := cards.LinkByName(name)
	if err == nil {
		err = cards.LinkDel(link)
	}
	if _, err := cards.LinkByName(name); errors.As(err, new(netlink.LinkNotFoundError)) {
		return nil
	}
	return failed("RTM_DELLINK "+name, err)
}

func raiseLoopback(t *trace, pid int) error {
	return within(pid, func(inside *netlink.Handle) error {
		lo, err := inside.LinkByName("lo")
		if err != nil {
			return failed("looking for lo", err)
		}
		return t.called(inside.LinkSetUp(lo), `sendto(NETLINK_ROUTE, {RTM_NEWLINK, "lo", IFF_UP})`)
	})
}

// within talks to the kernel from a process' network namespace.
func within(pid int, do func(*netlink.Handle) error) error {
	namespace, err := netns.GetFromPid(pid)
	if err != nil {
		return failed(fmt.Sprintf("open /proc/%d/ns/net", pid), err)
	}
	defer namespace.Close()
	handle, err := cardsIn(namespace)
	if err != nil {
		return err
	}
	defer handle.Close()
	return do(handle)
}

// freeSubnet finds 256 addresses that this machine has no way to yet.
func freeSubnet() (*net.IPNet, error) {
	routes, err := whole(func() ([]netlink.Route, error) { return netlink.RouteList(nil, netlink.FAMILY_V4) })
	if err != nil {
		return nil, failed("RTM_GETROUTE", err)
	}
	for third := range 256 {
		candidate := &net.IPNet{IP: net.IPv4(10, 214, byte(third), 0).To4(), Mask: net.CIDRMask(24, 32)}
		free := true
		for _, route := range routes {
			ones := 0
			if route.Dst != nil {
				ones, _ = route.Dst.Mask.Size()
			}
			if ones > 8 && (route.Dst.Contains(candidate.IP) || candidate.Contains(route.Dst.IP)) {
				free = false
			}
		}
		if free {
			return candidate, nil
		}
	}
	return nil, errors.New("no network 10.214.x.0/24 is free; stop another Porthole first")
}

func host(subnet *net.IPNet, number byte) net.IP {
	base := subnet.IP.To4()
	return net.IPv4(base[0], base[1], base[2], number).To4()
}
