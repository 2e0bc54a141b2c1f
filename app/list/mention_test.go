package list_test

import (
	"slices"
	"testing"

	"mayfly/app/client"
	"mayfly/app/client/outbox"
	"mayfly/app/client/room"
	"mayfly/app/list"
	"mayfly/shared/wire"
)

// TestNaming: what counts is whom a message mentions, not what the user is called: others may have the same name.
func TestNaming(t *testing.T) {
	me, other := wire.User{ID: "u-ada1", Name: "Ada"}, wire.User{ID: "u-ada2", Name: "Ada"}
	heron := wire.User{ID: "g-heron", Name: "Anonymous Heron", Anonymous: true}
	known := func(id string) wire.User {
		for _, u := range []wire.User{other, heron} { // a client does not always know its own user
			if u.ID == id {
				return u
			}
		}
		return wire.User{}
	}
	for _, tt := range []struct {
		name     string
		mentions []string
		marked   []string
		names    []string
		mine     bool
	}{
		{"nobody", nil, nil, nil, false},
		{"me", []string{me.ID}, nil, []string{"Ada"}, true},
		{"me, marked already", []string{me.ID}, []string{"Ada"}, []string{"Ada"}, true},
		{"another of my name", []string{other.ID}, nil, []string{"Ada"}, false},
		{"a guest", []string{heron.ID}, nil, []string{"Heron", "Anonymous Heron"}, false},
		{"somebody who is not known", []string{"u-nobody", me.ID}, nil, []string{"Ada"}, true},
		{"me, marked by a name from before", []string{me.ID}, []string{"Countess"}, []string{"Countess", "Ada"}, true},
		{"somebody who has left, marked", []string{"u-nobody"}, []string{"Ben"}, []string{"Ben"}, false},
	} {
		m := client.Message{Extras: &room.Extras{Details: outbox.Details{Mentions: tt.mentions}}}
		if names, mine := list.Naming(known, me, &m, tt.marked...); !slices.Equal(names, tt.names) || mine != tt.mine {
			t.Errorf("%s: marks %q, me: %t, want %q, %t", tt.name, names, mine, tt.names, tt.mine)
		}
	}
}
