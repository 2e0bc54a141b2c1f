package session

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"

	"mayfly/shared/wire"
)

// guest returns the wire.User of a guest whose client has sent this secret. The id and the name are made from a hash of
// the secret, so the same secret always makes the same user, on every node. If secret is nil, guest makes a new user.
// Nobody can find the secret from the id, because the secret has 128 random bits.
func guest(secret *string) wire.User {
	if secret == nil {
		secret = new(rand.Text())
	}
	sum := sha256.Sum256([]byte("mayfly guest 1\x00" + *secret))
	animal := animals[binary.BigEndian.Uint32(sum[18:])%uint32(len(animals))]
	return wire.User{ID: "g-" + base64.RawURLEncoding.EncodeToString(sum[:18]), Name: "Anonymous " + animal, Anonymous: true}
}

// animals are the second words of guests' names: short, friendly and easy to tell apart. Do not change the list without
// need: a guest's animal depends on the number of animals and on their order, so all guests would get other names.
var animals = [...]string{
	"Albatross", "Alpaca", "Ant", "Antelope", "Armadillo", "Auk", "Axolotl", "Badger", "Barnacle", "Bat", "Beaver", "Bee",
	"Beetle", "Bison", "Bittern", "Blackbird", "Bluebird", "Bobcat", "Buffalo", "Bumblebee", "Bunting", "Butterfly", "Camel",
	"Capybara", "Cardinal", "Caribou", "Cat", "Chameleon", "Chickadee", "Chinchilla", "Chipmunk", "Cicada", "Clam", "Cod",
	"Condor", "Coot", "Coral", "Cormorant", "Coyote", "Crab", "Crane", "Cricket", "Crow", "Cuckoo", "Curlew", "Deer",
	"Dingo", "Dipper", "Dolphin", "Dormouse", "Dove", "Dragonfly", "Duck", "Dunlin", "Eagle", "Egret", "Eider", "Elk",
	"Emu", "Ermine", "Falcon", "Ferret", "Finch", "Firefly", "Flamingo", "Fox", "Frog", "Gazelle", "Gecko", "Gerbil",
	"Gibbon", "Giraffe", "Gnu", "Goat", "Goldfinch", "Goose", "Grebe", "Grouse", "Gull", "Guppy", "Hamster", "Hare",
	"Hawk", "Hedgehog", "Heron", "Herring", "Hoopoe", "Hornbill", "Horse", "Hummingbird", "Ibex", "Ibis", "Iguana",
	"Impala", "Jackdaw", "Jaguar", "Jay", "Jellyfish", "Kestrel", "Kingfisher", "Kite", "Kiwi", "Koala", "Koi", "Lapwing",
	"Lark", "Lemming", "Lemur", "Leopard", "Limpet", "Linnet", "Lizard", "Llama", "Lobster", "Loon", "Lynx", "Macaw",
	"Magpie", "Mallard", "Manatee", "Mantis", "Marmot", "Marten", "Martin", "Meerkat", "Merlin", "Minnow", "Mole",
	"Mongoose", "Moose", "Moth", "Mouse", "Narwhal", "Newt", "Nightingale", "Nuthatch", "Ocelot", "Octopus", "Okapi",
	"Oriole", "Osprey", "Ostrich", "Otter", "Owl", "Oyster", "Panda", "Panther", "Parrot", "Partridge", "Peacock",
	"Pelican", "Penguin", "Perch", "Petrel", "Pheasant", "Pigeon", "Pika", "Plover", "Pony", "Porcupine", "Porpoise",
	"Puffin", "Puma", "Quail", "Quokka", "Rabbit", "Raccoon", "Ram", "Raven", "Redstart", "Reindeer", "Robin", "Rook",
	"Salamander", "Salmon", "Sandpiper", "Seahorse", "Seal", "Shrew", "Shrike", "Shrimp", "Siskin", "Skylark", "Sloth",
	"Snail", "Snipe", "Sparrow", "Spoonbill", "Squid", "Squirrel", "Starfish", "Starling", "Stoat", "Stork", "Sturgeon",
	"Swallow", "Swan", "Swift", "Tanager", "Tapir", "Tern", "Thrush", "Tiger", "Titmouse", "Toad", "Toucan", "Treecreeper",
	"Trout", "Tuna", "Turnstone", "Turtle", "Urchin", "Vole", "Wagtail", "Wallaby", "Walrus", "Warbler", "Waxwing",
	"Weasel", "Whale", "Whimbrel", "Wolf", "Wolverine", "Wombat", "Woodcock", "Woodpecker", "Wren", "Yak", "Zebra",
}
