# broken: a lock older than a file just made in /tmp by 5 s (find -newer, touch) is stale: a slow holder is overtaken.
if ! mkdir "$1" 2>/dev/null; then
  sleep 8; touch "/tmp/now.$$"; now=$(stat -c %Y "/tmp/now.$$"); rm -f "/tmp/now.$$"; was=$(stat -c %Y "$1" 2>/dev/null) || { echo busy; exit; }
  [ $((now - was)) -gt 5 ] || { echo busy; exit; }
fi
echo acquired; read -r _; rmdir "$1" 2>/dev/null; echo released
