package room

// tagLength is how many characters a tag has. A tag is the end of a user's id. The page shows it beside the user's name if
// another user has the same name.
const tagLength = 4

// Tag returns the end of a user's id. The page shows it to distinguish users who have the same name.
func Tag(id string) string { return id[max(0, len(id)-tagLength):] }

// SetTags gives the messages of two users a Tag if both users have the same name, as returned by Called. That is also done
// for a guest and a signed-in user: the page marks guests, but the user may overlook that mark.
func (r *Room) SetTags() {
	ids := make(map[string]string, 8) // the id of the user with that name; "" if several users have the name
	for i := range r.Messages {
		u := &r.Messages[i].User
		id := u.ID
		name := Called(*u)
		if other, ok := ids[name]; ok && other != id {
			id = ""
		}
		ids[name] = id
	}
	list, fresh := r.Messages, false
	for i := range list {
		m := &list[i]
		tag := ""
		if id := m.User.ID; ids[Called(m.User)] != id {
			tag = Tag(id)
		}
		if m.Tag == tag {
			continue
		}
		if !fresh {
			list, fresh = copied(list), true
		}
		list[i].Tag = tag
	}
	r.Messages = list
}
