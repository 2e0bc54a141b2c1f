package app

// What the tests look at.
var (
	RoomOf   = roomOf
	Sends    = sends
	Lifetime = lifetime
	Row      = row
)
