package wire

import (
	"reflect"
	"strings"
	"sync"
)

func (Hello) kind() string     { return "hello" }
func (Welcome) kind() string   { return "welcome" }
func (Auth) kind() string      { return "auth" }
func (Authed) kind() string    { return "authed" }
func (Expiring) kind() string  { return "expiring" }
func (Signout) kind() string   { return "signout" }
func (Join) kind() string      { return "join" }
func (Joined) kind() string    { return "joined" }
func (Leave) kind() string     { return "leave" }
func (Post) kind() string      { return "post" }
func (Accepted) kind() string  { return "accepted" }
func (Posted) kind() string    { return "posted" }
func (Removed) kind() string   { return "removed" }
func (Remove) kind() string    { return "remove" }
func (React) kind() string     { return "react" }
func (Reacted) kind() string   { return "reacted" }
func (Typing) kind() string    { return "typing" }
func (Presence) kind() string  { return "presence" }
func (Who) kind() string       { return "who" }
func (People) kind() string    { return "people" }
func (Rename) kind() string    { return "rename" }
func (Moderate) kind() string  { return "moderate" }
func (Moderated) kind() string { return "moderated" }
func (Refused) kind() string   { return "refused" }
func (Beat) kind() string      { return "beat" }
func (Bye) kind() string       { return "bye" }

// A plan says in which field of a struct the decoder stores each member of a JSON object. It maps the name of the member to
// the index of the field (reflect.StructField.Index). Each struct type has its own plan.
type plan map[string][]int

// tables returns kinds and plans. kinds maps the "type" on the wire to the Go type of the frame. plans maps each struct
// type that occurs in a frame to its plan. Both are made for the first frame that is decoded, so that a browser makes them
// only after the first drawing of the page. Then they never change.
var tables = sync.OnceValues(func() (kinds map[string]reflect.Type, plans map[reflect.Type]plan) {
	return makeTables(Hello{}, Welcome{}, Join{}, Joined{}, Leave{}, Post{}, Accepted{}, Posted{}, Removed{}, Refused{},
		Beat{}, Bye{}, Auth{}, Authed{}, Expiring{}, Signout{}, Remove{}, React{}, Reacted{}, Typing{}, Presence{}, Who{},
		People{}, Rename{}, Moderate{}, Moderated{})
})

func makeTables(frames ...Frame) (map[string]reflect.Type, map[reflect.Type]plan) {
	kinds, plans := map[string]reflect.Type{}, map[reflect.Type]plan{}
	for _, f := range frames {
		kinds[f.kind()] = reflect.TypeOf(f)
		addPlan(plans, reflect.TypeOf(f))
	}
	return kinds, plans
}

// addPlan adds the plan of t and of every struct type inside t.
func addPlan(plans map[reflect.Type]plan, t reflect.Type) {
	switch t.Kind() {
	case reflect.Slice, reflect.Pointer:
		addPlan(plans, t.Elem())
	case reflect.Struct:
		p := plan{}
		for _, f := range reflect.VisibleFields(t) {
			if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" {
				p[name] = f.Index
			}
			addPlan(plans, f.Type)
		}
		plans[t] = p
	}
}
