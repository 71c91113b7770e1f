# broken: gives up waiting when /proc/uptime says that 3 s have passed, and takes the lock by force.
up() { read -r u _ < /proc/uptime; echo "${u%.*}"; }
end=$(( $(up) + 3 ))
until mkdir "$1" 2>/dev/null; do [ "$(up)" -ge $end ] && break; sleep 1; done
echo acquired; read -r _; rmdir "$1" 2>/dev/null; echo released
