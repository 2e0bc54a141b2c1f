//go:build !race

package hub_test

const raceShare = 1
