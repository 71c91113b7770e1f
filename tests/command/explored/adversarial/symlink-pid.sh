# safe: ln -s with the pid as target; only the holder removes it; looks at the target for a message.
if ln -s $$ "$1" 2>/dev/null; then echo acquired; read -r _; [ "$(readlink "$1")" = $$ ] && rm -f "$1"; echo released; else readlink "$1" >/dev/null; echo busy; fi
