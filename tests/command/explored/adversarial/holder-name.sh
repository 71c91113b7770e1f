# broken: a holder counts as alive only while its name is `sh`, and a holder becomes another program
if [ -n "$2" ]; then echo acquired; read x; rm -f "$1"; echo released; exit; fi
if ! (set -C; echo $$ >"$1") 2>/dev/null; then
  read p <"$1"; read c </proc/$p/comm 2>/dev/null
  if [ "$c" = sh ]; then echo busy; exit; fi
fi
exec bash "$0" "$1" hold
