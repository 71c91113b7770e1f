# broken: after 100 tries, one a second, it removes the lock and takes it.
i=0; until mkdir "$1" 2>/dev/null; do i=$((i+1)); [ $i -ge 100 ] && { rmdir "$1"; i=0; continue; }; sleep 1; done
echo acquired; read -r _; rmdir "$1" 2>/dev/null; echo released
