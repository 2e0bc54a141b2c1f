package words_test

import (
	"testing"
	"time"

	"mayfly/app/client"
	"mayfly/app/words"
)

func TestRoomRow(t *testing.T) {
	lobby := client.Visited{Room: "lobby"}
	for _, tt := range []struct {
		news          client.News
		pinned, muted bool
		want          string
	}{
		{client.News{Visited: lobby}, false, false, "#lobby"},
		{client.News{Visited: lobby, Unread: 3, ForMe: &client.Message{}}, false, false, "#lobby, 3 unread, mentions you"},
		{client.News{Visited: lobby, Unread: 1, TTL: 5 * time.Minute}, true, true,
			"#lobby, 1 unread, muted, pinned. Messages vanish after 5 minutes"},
		{client.News{Visited: lobby, Refused: client.Problem{Message: "No."}}, false, false, "#lobby, cannot be joined"},
	} {
		if got := words.RoomRow(&tt.news, tt.pinned, tt.muted); got != tt.want {
			t.Errorf("the row is called %q, want %q", got, tt.want)
		}
	}
	if got, want := words.RoomsUnread(3, true), "Rooms, 3 unread, mentions you"; got != want {
		t.Errorf("the button is called %q, want %q", got, want)
	}
}
