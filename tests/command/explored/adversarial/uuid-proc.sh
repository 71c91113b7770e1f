# safe: a name from /proc/sys/kernel/random/uuid, then ln: link is atomic.
read -r u < /proc/sys/kernel/random/uuid; echo $$ > "$1.$u"
if ln "$1.$u" "$1" 2>/dev/null; then rm -f "$1.$u"; echo acquired; read -r _; rm -f "$1"; echo released; else rm -f "$1.$u"; echo busy; fi
