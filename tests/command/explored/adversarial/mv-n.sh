# broken: test -e, then mv: not atomic.
echo $$ > "$1.$$"; [ -e "$1" ] && { rm -f "$1.$$"; echo busy; exit; }; mv "$1.$$" "$1"; echo acquired; read -r _; rm -f "$1"; echo released
