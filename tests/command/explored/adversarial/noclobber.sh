# safe: set -C, which opens with O_EXCL.
set -C; if ( : > "$1" ) 2>/dev/null; then echo acquired; read -r _; rm -f "$1"; echo released; else echo busy; fi
