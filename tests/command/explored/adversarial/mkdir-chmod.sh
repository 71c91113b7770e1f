# broken for three: mkdir, with touch, chmod to the same mode, a log line, and two removals; the second one removes the lock of another.
if mkdir -m 755 "$1" 2>/dev/null; then chmod 755 "$1"; touch "$1"; echo $$ >> "$1.log"; echo acquired; read -r _; rmdir "$1"; rmdir "$1" 2>/dev/null; echo released; else touch -c "$1"; echo $$ >> "$1.log"; echo busy; fi
