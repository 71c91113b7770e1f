# broken: pid file by noclobber; a dead owner's file is removed by name: between the look and the removal another can have done both.
me() { ( set -C; echo $$ > "$1" ) 2>/dev/null; }
if ! me "$1"; then p=$(cat "$1" 2>/dev/null); [ -n "$p" ] && kill -0 "$p" 2>/dev/null && { echo busy; exit; }; rm -f "$1"; me "$1" || { echo busy; exit; }; fi
echo acquired; read -r _; rm -f "$1"; echo released
