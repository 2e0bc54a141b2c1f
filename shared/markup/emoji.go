package markup

import (
	"unicode"
	"unicode/utf8"
)

// MaxEmoji is a limit for messages that consist of nothing but emoji: the page shows the emoji large if there are at most
// MaxEmoji of them.
const MaxEmoji = 3

// maxJoined is the largest number of emoji that joiners make into one emoji, such as a family of four. Browsers draw a
// longer sequence as several emoji.
const maxJoined = 4

// Characters that emoji are made of.
const (
	joiner     = '\u200D'     // the zero width joiner: makes the emoji before and after it one emoji
	emojiStyle = '\uFE0F'     // makes browsers draw the character before it as an emoji
	keycap     = '\u20E3'     // makes the digit, # or * before it an emoji: a key
	blackFlag  = '\U0001F3F4' // makes a flag together with the tags behind it: see isTag
	lastTag    = '\U000E007F' // ends the tags of a flag
)

// EmojiOnly reports whether a text is 1 to MaxEmoji emoji and nothing else. One space may be between two emoji.
func EmojiOnly(text string) bool {
	n := 0
	for text != "" && n < MaxEmoji {
		if n > 0 && text[0] == ' ' {
			text = text[1:]
		}
		size := emojiLength(text)
		if size == 0 {
			return false
		}
		text = text[size:]
		n++
	}
	return n > 0 && text == ""
}

// emojiLength returns the length in bytes of the emoji at the beginning of text, 0 if there is none.
func emojiLength(text string) int {
	first, n := utf8.DecodeRuneInString(text)
	next, size := utf8.DecodeRuneInString(text[n:])
	switch {
	case '0' <= first && first <= '9', first == '#', first == '*':
		if next == emojiStyle {
			n += size
			next, size = utf8.DecodeRuneInString(text[n:])
		}
		if next != keycap {
			return 0
		}
		return n + size
	case isRegional(first):
		if !isRegional(next) {
			return 0
		}
		return n + size
	case first == blackFlag && isTag(next):
		return n + tagsLength(text[n:])
	}
	return joinedLength(text)
}

// isRegional reports whether r is a regional indicator, such as the one for the letter D. Two regional indicators make
// the flag of a country: those for D and E make the German flag.
func isRegional(r rune) bool { return 0x1F1E6 <= r && r <= 0x1F1FF }

// isTag reports whether r is a tag character, an invisible form of an ASCII character. A black flag with tags behind it is
// drawn as the flag of the region that the tags spell, such as Scotland.
func isTag(r rune) bool { return 0xE0020 <= r && r <= lastTag }

// maxTags is the largest number of tags in a flag: up to six for the characters of a region, and the last tag.
const maxTags = 7

// tagsLength returns the length in bytes of the tags at the beginning of text, up to and including lastTag. It counts
// at most maxTags tags. lastTag may be missing.
func tagsLength(text string) int {
	n := 0
	for range maxTags {
		r, size := utf8.DecodeRuneInString(text[n:])
		if !isTag(r) {
			break
		}
		if n += size; r == lastTag {
			break
		}
	}
	return n
}

// joinedLength returns the length in bytes of the emoji at the beginning of text, if the emoji consists of one picture (see
// pictureLength), or of up to maxJoined pictures with one joiner between each two neighbours. Otherwise it returns 0.
func joinedLength(text string) int {
	n := 0
	for i := range maxJoined {
		size := pictureLength(text[n:])
		if size == 0 {
			return 0
		}
		n += size
		r, size := utf8.DecodeRuneInString(text[n:])
		if r != joiner && i == 0 && isText(text[:n]) {
			return 0
		}
		if r != joiner {
			return n
		}
		n += size
	}
	return 0
}

// pictureLength returns the length in bytes of the picture at the beginning of text, 0 if there is none. A picture is a
// character of the table pictographic. If emojiStyle or a skin tone comes behind it, that belongs to the picture, too.
func pictureLength(text string) int {
	r, n := utf8.DecodeRuneInString(text)
	next, size := utf8.DecodeRuneInString(text[n:])
	switch {
	case !unicode.Is(pictographic, r):
		return 0
	case next == emojiStyle, 0x1F3FB <= next && next <= 0x1F3FF: // a tone of skin
		return n + size
	}
	return n
}

// isText reports whether browsers draw picture as text and not as an emoji. They do so with some characters that have no
// emojiStyle behind them, such as ©.
func isText(picture string) bool {
	r, n := utf8.DecodeRuneInString(picture)
	return n == len(picture) && r < 0x10000 && !unicode.Is(coloured, r)
}

// pictographic is the property Extended_Pictographic of Unicode 14. It includes the code points reserved for later emoji.
var pictographic = &unicode.RangeTable{
	R16: []unicode.Range16{
		{0xA9, 0xA9, 1}, {0xAE, 0xAE, 1}, {0x203C, 0x203C, 1}, {0x2049, 0x2049, 1}, {0x2122, 0x2122, 1},
		{0x2139, 0x2139, 1}, {0x2194, 0x2199, 1}, {0x21A9, 0x21AA, 1}, {0x231A, 0x231B, 1}, {0x2328, 0x2328, 1},
		{0x2388, 0x2388, 1}, {0x23CF, 0x23CF, 1}, {0x23E9, 0x23F3, 1}, {0x23F8, 0x23FA, 1}, {0x24C2, 0x24C2, 1},
		{0x25AA, 0x25AB, 1}, {0x25B6, 0x25B6, 1}, {0x25C0, 0x25C0, 1}, {0x25FB, 0x25FE, 1}, {0x2600, 0x2605, 1},
		{0x2607, 0x2612, 1}, {0x2614, 0x2685, 1}, {0x2690, 0x2705, 1}, {0x2708, 0x2712, 1}, {0x2714, 0x2714, 1},
		{0x2716, 0x2716, 1}, {0x271D, 0x271D, 1}, {0x2721, 0x2721, 1}, {0x2728, 0x2728, 1}, {0x2733, 0x2734, 1},
		{0x2744, 0x2744, 1}, {0x2747, 0x2747, 1}, {0x274C, 0x274C, 1}, {0x274E, 0x274E, 1}, {0x2753, 0x2755, 1},
		{0x2757, 0x2757, 1}, {0x2763, 0x2767, 1}, {0x2795, 0x2797, 1}, {0x27A1, 0x27A1, 1}, {0x27B0, 0x27B0, 1},
		{0x27BF, 0x27BF, 1}, {0x2934, 0x2935, 1}, {0x2B05, 0x2B07, 1}, {0x2B1B, 0x2B1C, 1}, {0x2B50, 0x2B50, 1},
		{0x2B55, 0x2B55, 1}, {0x3030, 0x3030, 1}, {0x303D, 0x303D, 1}, {0x3297, 0x3297, 1}, {0x3299, 0x3299, 1},
	},
	R32: []unicode.Range32{
		{0x1F000, 0x1F0FF, 1}, {0x1F10D, 0x1F10F, 1}, {0x1F12F, 0x1F12F, 1}, {0x1F16C, 0x1F171, 1}, {0x1F17E, 0x1F17F, 1},
		{0x1F18E, 0x1F18E, 1}, {0x1F191, 0x1F19A, 1}, {0x1F1AD, 0x1F1E5, 1}, {0x1F201, 0x1F20F, 1}, {0x1F21A, 0x1F21A, 1},
		{0x1F22F, 0x1F22F, 1}, {0x1F232, 0x1F23A, 1}, {0x1F23C, 0x1F23F, 1}, {0x1F249, 0x1F3FA, 1}, {0x1F400, 0x1F53D, 1},
		{0x1F546, 0x1F64F, 1}, {0x1F680, 0x1F6FF, 1}, {0x1F774, 0x1F77F, 1}, {0x1F7D5, 0x1F7FF, 1}, {0x1F80C, 0x1F80F, 1},
		{0x1F848, 0x1F84F, 1}, {0x1F85A, 0x1F85F, 1}, {0x1F888, 0x1F88F, 1}, {0x1F8AE, 0x1F8FF, 1}, {0x1F90C, 0x1F93A, 1},
		{0x1F93C, 0x1F945, 1}, {0x1F947, 0x1FAFF, 1}, {0x1FC00, 0x1FFFD, 1},
	},
	LatinOffset: 2,
}

// coloured is Unicode's property Emoji_Presentation below U+10000: browsers draw these characters as emoji even without
// emojiStyle. No table is needed from U+10000 on, because browsers draw nearly all pictures there as emoji.
var coloured = &unicode.RangeTable{
	R16: []unicode.Range16{
		{0x231A, 0x231B, 1}, {0x23E9, 0x23EC, 1}, {0x23F0, 0x23F0, 1}, {0x23F3, 0x23F3, 1}, {0x25FD, 0x25FE, 1},
		{0x2614, 0x2615, 1}, {0x2648, 0x2653, 1}, {0x267F, 0x267F, 1}, {0x2693, 0x2693, 1}, {0x26A1, 0x26A1, 1},
		{0x26AA, 0x26AB, 1}, {0x26BD, 0x26BE, 1}, {0x26C4, 0x26C5, 1}, {0x26CE, 0x26CE, 1}, {0x26D4, 0x26D4, 1},
		{0x26EA, 0x26EA, 1}, {0x26F2, 0x26F3, 1}, {0x26F5, 0x26F5, 1}, {0x26FA, 0x26FA, 1}, {0x26FD, 0x26FD, 1},
		{0x2705, 0x2705, 1}, {0x270A, 0x270B, 1}, {0x2728, 0x2728, 1}, {0x274C, 0x274C, 1}, {0x274E, 0x274E, 1},
		{0x2753, 0x2755, 1}, {0x2757, 0x2757, 1}, {0x2795, 0x2797, 1}, {0x27B0, 0x27B0, 1}, {0x27BF, 0x27BF, 1},
		{0x2B1B, 0x2B1C, 1}, {0x2B50, 0x2B50, 1}, {0x2B55, 0x2B55, 1},
	},
}
