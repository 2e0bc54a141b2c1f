package app

import (
	"strings"
	"sync"
)

// shortcodes returns a list in which each name is followed by its emoji. The most common emoji come first. The names are
// those of GitHub and Slack.
var shortcodes = sync.OnceValue(func() []string { return strings.Fields(shortcodeTable) })

const shortcodeTable = `+1 👍 thumbsup 👍 -1 👎 thumbsdown 👎 tada 🎉 heart ❤️ joy 😂 smile 😄 eyes 👀 pray 🙏 fire 🔥 rocket 🚀
100 💯 clap 👏 wave 👋 ok_hand 👌 raised_hands 🙌 muscle 💪 point_up ☝️ point_right 👉 point_left 👈 point_down 👇
v ✌️ crossed_fingers 🤞 handshake 🤝 writing_hand ✍️ facepalm 🤦 shrug 🤷 raised_hand ✋ fist ✊ punch 👊 metal 🤘
grinning 😀 smiley 😃 grin 😁 laughing 😆 sweat_smile 😅 rofl 🤣 slightly_smiling_face 🙂 upside_down_face 🙃 wink 😉
blush 😊 innocent 😇 heart_eyes 😍 star_struck 🤩 kissing_heart 😘 yum 😋 stuck_out_tongue 😛 zany_face 🤪 hugs 🤗
thinking 🤔 zipper_mouth_face 🤐 raised_eyebrow 🤨 neutral_face 😐 expressionless 😑 no_mouth 😶 smirk 😏 unamused 😒
roll_eyes 🙄 grimacing 😬 relieved 😌 pensive 😔 sleepy 😪 sleeping 😴 mask 😷 sneezing_face 🤧 hot_face 🥵 cold_face 🥶
exploding_head 🤯 partying_face 🥳 sunglasses 😎 nerd_face 🤓 confused 😕 worried 😟 slightly_frowning_face 🙁 open_mouth 😮
astonished 😲 flushed 😳 pleading_face 🥺 fearful 😨 cold_sweat 😰 cry 😢 sob 😭 scream 😱 sweat 😓 weary 😩 tired_face 😫
triumph 😤 rage 😡 angry 😠 smiling_imp 😈 skull 💀 poop 💩 clown_face 🤡 ghost 👻 alien 👽 robot 🤖 see_no_evil 🙈
hear_no_evil 🙉 speak_no_evil 🙊 broken_heart 💔 orange_heart 🧡 yellow_heart 💛 green_heart 💚 blue_heart 💙 purple_heart 💜
black_heart 🖤 sparkling_heart 💖 two_hearts 💕 boom 💥 sweat_drops 💦 dash 💨 zzz 💤 speech_balloon 💬 brain 🧠 sparkles ✨
star ⭐ sunny ☀️ cloud ☁️ umbrella ☔ snowflake ❄️ zap ⚡ rainbow 🌈 ocean 🌊 earth_africa 🌍 crescent_moon 🌙 dog 🐶 cat 🐱
mouse 🐭 rabbit 🐰 fox_face 🦊 bear 🐻 panda_face 🐼 lion 🦁 monkey 🐒 chicken 🐔 penguin 🐧 bird 🐦 unicorn 🦄 bug 🐛
butterfly 🦋 snail 🐌 bee 🐝 turtle 🐢 snake 🐍 octopus 🐙 fish 🐟 whale 🐳 rose 🌹 sunflower 🌻 seedling 🌱 evergreen_tree 🌲
cactus 🌵 four_leaf_clover 🍀 apple 🍎 banana 🍌 strawberry 🍓 avocado 🥑 bread 🍞 cheese 🧀 pizza 🍕 hamburger 🍔 fries 🍟
popcorn 🍿 cake 🍰 birthday 🎂 cookie 🍪 chocolate_bar 🍫 coffee ☕ tea 🍵 beer 🍺 beers 🍻 wine_glass 🍷 champagne 🍾
cocktail 🍸 soccer ⚽ basketball 🏀 trophy 🏆 medal_sports 🏅 dart 🎯 game_die 🎲 guitar 🎸 musical_note 🎵 art 🎨 car 🚗 bus 🚌
bike 🚲 train 🚆 airplane ✈️ house 🏠 office 🏢 camera 📷 computer 💻 phone ☎️ iphone 📱 bulb 💡 moneybag 💰 gift 🎁 balloon 🎈
books 📚 memo 📝 pencil2 ✏️ pushpin 📌 paperclip 📎 calendar 📅 email 📧 bell 🔔 no_bell 🔕 lock 🔒 unlock 🔓 key 🔑 hammer 🔨
wrench 🔧 gear ⚙️ link 🔗 mag 🔍 hourglass ⌛ alarm_clock ⏰ stopwatch ⏱️ construction 🚧 rotating_light 🚨 warning ⚠️
no_entry ⛔ white_check_mark ✅ heavy_check_mark ✔️ x ❌ question ❓ exclamation ❗ recycle ♻️ white_flag 🏳️ checkered_flag 🏁`
