package builtin

import (
	"fmt"

	seccomp "github.com/elastic/go-seccomp-bpf"
	"github.com/elastic/go-seccomp-bpf/arch"
	docker "github.com/moby/profiles/seccomp"
	"github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"
)

// filter forbids what Docker's default profile forbids.
func filter(p *plan) (string, error) {
	if !p.Filter {
		return "none: seccomp=unconfined", nil
	}
	policy, err := filterPolicy(p.Keep)
	if err != nil {
		return "", err
	}
	return "Docker's default profile", p.called(seccomp.LoadFilter(seccomp.Filter{Policy: policy}), "seccomp(SECCOMP_SET_MODE_FILTER, 0, {len=…, filter=…})")
}

// operations are those of the profile's conditions in the filter library's words.
var operations = map[specs.LinuxSeccompOperator]seccomp.Operation{
	specs.OpEqualTo: seccomp.Equal, specs.OpNotEqual: seccomp.NotEqual,
	specs.OpLessThan: seccomp.LessThan, specs.OpLessEqual: seccomp.LessOrEqual,
	specs.OpGreaterThan: seccomp.GreaterThan, specs.OpGreaterEqual: seccomp.GreaterOrEqual,
}

// filterPolicy is Docker's default profile, for a container with these
// capabilities, on this machine's architecture.
func filterPolicy(keep []string) (seccomp.Policy, error) {
	forbidden := seccomp.ActionErrno | seccomp.Action(unix.EPERM)
	policy := seccomp.Policy{DefaultAction: seccomp.ActionErrno}
	profile, err := docker.GetDefaultProfile(&specs.Spec{Process: &specs.Process{Capabilities: &specs.LinuxCapabilities{Bounding: keep}}})
	if err != nil {
		return policy, fmt.Errorf("the profile of system calls cannot be read: %w", err)
	}
	machine, err := arch.GetInfo("")
	if err != nil {
		return policy, fmt.Errorf("the filter knows no system calls of this machine: %w", err)
	}
	// A call that is allowed without a condition needs none of its conditions.
	always := map[string]bool{}
	for _, rule := range profile.Syscalls {
		for _, name := range rule.Names {
			if rule.Action == specs.ActAllow && len(rule.Args) == 0 {
				always[name] = true
			}
		}
	}
	allow := seccomp.SyscallGroup{Action: seccomp.ActionAllow}
	taken := map[string]bool{}
	for _, rule := range profile.Syscalls {
		for _, name := range rule.Names {
			if _, there := machine.SyscallNames[name]; !there {
				continue // of another architecture, or newer than the library
			}
			switch {
			case rule.Action == specs.ActErrno:
				errno := forbidden
				if rule.ErrnoRet != nil {
					errno = seccomp.ActionErrno&^0xffff | seccomp.Action(*rule.ErrnoRet)
				}
				policy.Syscalls = append(policy.Syscalls, seccomp.SyscallGroup{Names: []string{name}, Action: errno})
			case rule.Action != specs.ActAllow || taken[name]:
			case always[name]:
				taken[name] = true
				allow.Names = append(allow.Names, name)
			default:
				conditions, err := conditionsOf(rule.Args)
				if err != nil {
					return policy, err
				}
				allow.NamesWithCondtions = append(allow.NamesWithCondtions, seccomp.NameWithConditions{Name: name, Conditions: conditions})
			}
		}
	}
	policy.Syscalls = append(policy.Syscalls, allow)
	return policy, nil
}

func conditionsOf(arguments []specs.LinuxSeccompArg) (seccomp.ArgumentConditions, error) {
	var all seccomp.ArgumentConditions
	for _, a := range arguments {
		condition := seccomp.Condition{Argument: uint32(a.Index), Value: a.Value, Operation: operations[a.Op]}
		if a.Op == specs.OpMaskedEqual && a.ValueTwo == 0 {
			condition.Operation = seccomp.BitsNotSet
		}
		if condition.Operation == "" {
			return nil, fmt.Errorf("the profile of system calls has the condition %s, which the filter does not know", a.Op)
		}
		all = append(all, condition)
	}
	return all, nil
}
