# broken: as now-elsewhere, and now is the time of /proc/self.
if ! mkdir "$1" 2>/dev/null; then
  sleep 8; now=$(stat -L -c %Y /proc/self); was=$(stat -c %Y "$1" 2>/dev/null) || { echo busy; exit; }
  [ $((now - was)) -gt 5 ] || { echo busy; exit; }
fi
echo acquired; read -r _; rmdir "$1" 2>/dev/null; echo released
