package operate_test

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mayfly/app/client"
	"mayfly/app/client/transport"
	"mayfly/cmd/mayfly/e2e/rig"
	"mayfly/shared/wire"
)

const (
	people = 20
	// the number of rooms, each of which everybody is in: a new member gets at most 500 messages of a room
	rooms    = 5
	marker   = "fugit" // is in every text
	enough   = 600     // after so many accepted messages the server is killed
	most     = 60      // messages that each person posts, if the server is killed late
	window   = 2       // posts of one person without an answer
	lifetime = time.Hour
	brief    = 10 * time.Second // the life of every third message, a few seconds longer than the server needs to start again
)

func roomName(n int) string { return fmt.Sprintf("room-%02d", n%rooms) }

// line is a connection that speaks the protocol and nothing else.
type line struct {
	t    *testing.T
	ctx  context.Context
	conn transport.Conn
	user wire.User
	read []wire.Frame // the frames that were read and that next has not returned yet
}

// dial connects and joins every room. It returns the joined frames by room.
func dial(t *testing.T, s *rig.Server, guest string) (*line, map[string]wire.Joined) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*rig.Timeout)
	t.Cleanup(cancel)
	conn, err := transport.DialWebSocket(s.SocketURL())(ctx)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(1000, "") })
	l := &line{t: t, ctx: ctx, conn: conn}
	hello := wire.Hello{Client: "durable/1", Guest: &guest}
	for n := range rooms {
		hello.Rooms = append(hello.Rooms, wire.Join{Room: roomName(n)})
	}
	l.write(hello)
	joined := map[string]wire.Joined{}
	for len(joined) < rooms {
		f, err := l.next()
		if err != nil {
			t.Fatal(err)
		}
		switch f := f.(type) {
		case wire.Welcome:
			l.user = f.User
		case wire.Joined:
			joined[f.Room] = f
		case wire.Refused, wire.Bye:
			t.Fatalf("joining ended with %+v", f)
		}
	}
	return l, joined
}

// write sends one frame. If the connection has ended, next returns the error.
func (l *line) write(f wire.Frame) { _ = l.conn.Write(wire.Encode(f)) }

// next returns the next frame.
func (l *line) next() (wire.Frame, error) {
	for len(l.read) == 0 {
		message, err := l.conn.Read(l.ctx)
		if err != nil {
			return nil, err
		}
		for b := range wire.Split(message) {
			f, err := wire.Decode(b)
			if err != nil {
				return nil, err
			}
			l.read = append(l.read, f)
		}
	}
	f := l.read[0]
	l.read = l.read[1:]
	return f, nil
}

// sent is a posted message with the server's answer.
type sent struct {
	post     wire.Post
	accepted wire.Accepted // Seq is 0 until the message was accepted
}

// person is a user who posts until the server has ended.
type person struct {
	guest string
	user  wire.User
	all   []*sent
}

// post posts to one room after the other, and calls accepted for each message that the server has accepted.
func (p *person) post(l *line, number int, accepted func()) {
	p.user = l.user
	open := map[string]*sent{}
	say := func() {
		n := len(p.all)
		if n == most {
			return
		}
		s := &sent{post: wire.Post{ID: fmt.Sprintf("%08x-0000-4000-8000-%012x", number, n), Room: roomName(number + n),
			Text: fmt.Sprintf("%s: person %d says %d", marker, number, n)}}
		if n%3 == 0 {
			s.post.TTL = brief.Milliseconds()
		}
		p.all = append(p.all, s)
		open[s.post.ID] = s
		l.write(s.post)
	}
	for range window {
		say()
	}
	for {
		f, err := l.next()
		if err != nil {
			return
		}
		switch f := f.(type) {
		case wire.Accepted:
			open[f.ID].accepted = f
			accepted()
			say()
		case wire.Refused, wire.Bye:
			l.t.Errorf("person %d was answered %+v", number, f)
			return
		}
	}
}

// repeat posts all accepted messages that live for an hour again. The server must recognise each as a repeat.
func (p *person) repeat(t *testing.T, s *rig.Server) {
	l, _ := dial(t, s, p.guest)
	if l.user != p.user {
		t.Errorf("came back as %+v, was %+v", l.user, p.user)
	}
	var waiting []*sent
	for _, m := range p.all {
		if m.accepted.Seq != 0 && m.post.TTL == 0 {
			waiting = append(waiting, m)
			l.write(m.post)
		}
	}
	for len(waiting) > 0 {
		f, err := l.next()
		if err != nil {
			t.Error(err)
			return
		}
		switch f := f.(type) {
		case wire.Accepted:
			want := waiting[0].accepted
			want.Repeat = true
			if f != want {
				t.Errorf("a repeat was answered %+v, want %+v", f, want)
			}
			waiting = waiting[1:]
		case wire.Refused, wire.Bye, wire.Posted:
			t.Errorf("a repeat was answered %+v", f)
			return
		}
	}
}

func TestKilledServerKeepsWhatItAccepted(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "data")
	server := rig.Serve(t, "-data", folder, "-ttl", lifetime.String(), "-rate", "100000/1s")

	var all [people]*person
	var lines [people]*line
	var posting sync.WaitGroup
	var accepted atomic.Int64
	kill := make(chan struct{})
	epochs := map[string]string{}
	for i := range all {
		all[i] = &person{guest: client.NewGuest()}
		var joined map[string]wire.Joined
		lines[i], joined = dial(t, server, all[i].guest)
		for room, j := range joined {
			epochs[room] = j.Epoch
		}
	}
	for i, l := range lines {
		posting.Go(func() {
			all[i].post(l, i, func() {
				if accepted.Add(1) == enough {
					close(kill)
				}
			})
		})
	}
	select {
	case <-kill:
	case <-time.After(rig.Timeout):
		t.Fatalf("only %d messages were accepted", accepted.Load())
	}
	server.Kill()
	posting.Wait()
	unreadable(t, folder, all[:])
	old := oldKey(t, folder) // as if its minute had passed while the server was down

	server.Start()
	if _, err := os.Stat(old); err == nil {
		t.Errorf("key %s is still there", old)
	}
	newcomer, joined := dial(t, server, client.NewGuest())
	living := 0
	for room, j := range joined {
		if j.Epoch != epochs[room] {
			t.Errorf("%s has epoch %q, had %q", room, j.Epoch, epochs[room])
		}
		living += len(j.Messages)
	}
	known(t, joined, all[:])
	t.Logf("%d messages accepted when the server was killed, %d there afterwards", accepted.Load(), living)

	var repeating sync.WaitGroup
	for _, p := range all {
		repeating.Go(func() { p.repeat(t, server) })
	}
	repeating.Wait()
	unreadable(t, folder, all[:])
	expire(t, newcomer, joined)
	unreadable(t, folder, all[:])
	keysGo(t, folder, joined)
}

// oldKey writes a key of a minute that has passed, and returns its path.
func oldKey(t *testing.T, folder string) string {
	t.Helper()
	path := filepath.Join(folder, "keys", time.Now().UTC().Add(-2*time.Minute).Format(keyLayout))
	if err := os.WriteFile(path, bytes.Repeat([]byte{7}, 32), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// known checks that joined has every accepted message that has not expired, as it was posted and in the order of the
// seqs.
func known(t *testing.T, joined map[string]wire.Joined, all []*person) {
	t.Helper()
	there := map[string]wire.Message{}
	for room, j := range joined {
		if !slices.IsSortedFunc(j.Messages, func(a, b wire.Message) int { return cmp.Compare(a.Seq, b.Seq) }) {
			t.Errorf("%s is out of order", room)
		}
		for _, m := range j.Messages {
			there[room+" "+m.User.ID+" "+m.ID] = m
		}
	}
	for _, p := range all {
		last := map[string]int64{}
		for _, s := range p.all {
			a := s.accepted
			if a.Seq == 0 {
				continue
			}
			want := wire.Message{Seq: a.Seq, ID: a.ID, User: p.user, Text: s.post.Text, At: a.At, Expires: a.Expires}
			if got, ok := there[a.Room+" "+p.user.ID+" "+a.ID]; !reflect.DeepEqual(got, want) &&
				(ok || time.Now().UnixMilli() < a.Expires) {
				t.Fatalf("%s has %+v, accepted was %+v", a.Room, got, want)
			}
			if a.Seq <= last[a.Room] {
				t.Errorf("%s: seq %d after %d of the same person", a.Room, a.Seq, last[a.Room])
			}
			last[a.Room] = a.Seq
		}
	}
}

// lasting reports whether m is one of those that live for an hour.
func lasting(m wire.Message) bool { return m.Expires-m.At > brief.Milliseconds() }

// expire waits until every brief message in joined was removed. None may be removed before its deadline, and no other
// message.
func expire(t *testing.T, l *line, joined map[string]wire.Joined) {
	t.Helper()
	expires, left := map[int64]int64{}, 0
	for _, j := range joined {
		for _, m := range j.Messages {
			expires[m.Seq] = m.Expires
			if !lasting(m) {
				left++
			}
		}
	}
	for left > 0 {
		f, err := l.next()
		if err != nil {
			t.Fatal(err)
		}
		removed, ok := f.(wire.Removed)
		if !ok {
			continue
		}
		now := time.Now().UnixMilli()
		for _, seq := range removed.Seqs {
			if now < expires[seq] {
				t.Errorf("message %d went %d ms early", seq, expires[seq]-now)
			}
			left--
		}
	}
}

const keyLayout = "20060102T1504Z"

// unreadable checks that the folder has no text of a message and nothing about its author.
func unreadable(t *testing.T, folder string, all []*person) {
	t.Helper()
	secrets := []string{marker, "Anonymous"}
	for _, p := range all {
		secrets = append(secrets, p.user.ID, p.user.Name, p.guest, p.all[0].post.ID)
	}
	bytesRead := 0
	err := filepath.WalkDir(folder, func(path string, e fs.DirEntry, err error) error {
		if os.IsNotExist(err) || err == nil && e.IsDir() {
			return nil
		}
		b, err := os.ReadFile(path)
		if os.IsNotExist(err) { // JetStream has deleted the file meanwhile
			return nil
		}
		bytesRead += len(b)
		for _, secret := range secrets {
			if bytes.Contains(b, []byte(secret)) || strings.Contains(path, secret) {
				t.Errorf("%q stands in %s", secret, path)
			}
		}
		return err
	})
	if err != nil || bytesRead < 10_000 {
		t.Errorf("read %d bytes in %s: %v", bytesRead, folder, err)
	}
}

// keysGo waits until the running server has deleted the keys that it needs no more: the old key that the test has put back
// into the folder, and the key of each message in joined that has expired by then. The keys of the other messages must still
// be there.
func keysGo(t *testing.T, folder string, joined map[string]wire.Joined) {
	t.Helper()
	paths := map[string]bool{oldKey(t, folder): true}
	for _, j := range joined {
		for _, m := range j.Messages {
			paths[filepath.Join(folder, "keys", time.UnixMilli(m.Expires).UTC().Format(keyLayout))] = true
		}
	}
	look := time.NewTicker(100 * time.Millisecond)
	defer look.Stop()
	for path := range paths {
		at, err := time.Parse(keyLayout, filepath.Base(path))
		if err != nil {
			t.Fatal(err)
		}
		_, err = os.Stat(path)
		passed := time.Until(at.Add(time.Minute)) <= 0
		if err != nil && !passed {
			t.Errorf("key %s was gone before its minute had passed: %v", path, err)
		}
		for deadline := time.Now().Add(rig.Timeout); passed && err == nil; <-look.C {
			if _, err = os.Stat(path); err == nil && time.Now().After(deadline) {
				t.Fatalf("key %s is still there", path)
			}
		}
	}
}

func TestFolderThatCannotBeUsedIsNamed(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	taken := filepath.Join(t.TempDir(), "data")
	rig.Serve(t, "-data", taken)
	for folder, says := range map[string]string{file: "want a folder", taken: "another mayfly is using this folder"} {
		output, code := rig.Run(t, "serve", "-listen", "127.0.0.1:0", "-data", folder)
		if code != 1 || !strings.Contains(output, fmt.Sprintf("-data is %q: ", folder)) || !strings.Contains(output, says) {
			t.Errorf("mayfly serve -data %s ended with code %d and %q, want %q", folder, code, output, says)
		}
	}
}
