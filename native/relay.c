/*
 * relay: carries the host's ports into an allocation's private network.
 *
 *   relay [options]
 *     --control FD     its end is the relay's end; nothing is said over it
 *     --await FD       first wait until FD can be read or is closed at its other end
 *     --join PID       the network to carry into
 *     --user UID:GID   then become this user
 *     --tcp FD:PORT    connections to the listening socket FD go to PORT inside; may be repeated
 *     --udp FD:PORT    packets to the bound socket FD go to PORT inside, answers back to their sender; may be repeated
 *
 * The sockets were made on the host, and stay there. Connections inside begin in the network itself, so that is where
 * a program sees them come from. A program that does not listen (yet) costs its client the connection.
 */

#include "system.h"

enum { MAX_PORTS = 64, MAX_LINKS = 350, MAX_TALKS = 200, ROOM = 65536 };
enum { IN = 1, OUT = 4 };

struct address { unsigned short family, port; u8 host[4]; u8 zero[8]; };
struct port { i32 fd, udp; struct address to; };
/* A connection: side 0 is the client, side 1 the program. `have[s]` was read from side s and goes to the other. */
struct link { i32 fd[2], connecting; ulong sent[2], have[2]; u8 ended[2], shut[2], *room[2]; };
/* Packets between one sender and one port. */
struct talk { i32 fd, port; struct address from; ulong used; };

static struct port ports[MAX_PORTS];
static struct link links[MAX_LINKS];
static struct talk talks[MAX_TALKS];
static struct pollfd polls[1 + MAX_PORTS + 2 * MAX_LINKS + MAX_TALKS];
static u8 packet[ROOM];
static i32 port_count, link_count, talk_count;
static ulong turn;

static void add_port(i32 udp, const char *v) {
  if (port_count == MAX_PORTS) quit(126);
  struct port *p = &ports[port_count++];
  p->udp = udp;
  p->fd = (i32)number(&v); v++;
  ulong n = number(&v);
  p->to.family = 2;
  p->to.port = (unsigned short)(n >> 8 | (n & 255) << 8);
  memcpy(p->to.host, INSIDE, 4);
}

static i32 reach(const struct port *p, i32 kind) {
  i32 fd = (i32)sys3(NR_socket, 2, kind | O_CLOEXEC | O_NONBLOCK, 0);
  if (fd < 0) return fd;
  i64 r = sys3(NR_connect, fd, &p->to, sizeof p->to);
  if (r == 0 || r == -115) return fd; /* EINPROGRESS */
  sys1(NR_close, fd);
  return (i32)r;
}

static void set_option(i32 fd, i32 level, i32 name, const void *value, ulong size) {
  sys5(NR_setsockopt, fd, level, name, value, size);
}

/* Both ends forget the connection at once: the client is told of a reset. */
static void drop(struct link *l) {
  i32 linger[2] = { 1, 0 };
  for (i32 s = 0; s < 2; s++) {
    if (!l->shut[0] || !l->shut[1]) set_option(l->fd[s], 1, 13, linger, sizeof linger);
    sys1(NR_close, l->fd[s]);
    sys2(NR_munmap, l->room[s], ROOM);
  }
  *l = links[--link_count];
}

static void accept_one(const struct port *p) {
  i32 one = 1, client = (i32)sys4(NR_accept4, p->fd, 0, 0, O_CLOEXEC | O_NONBLOCK);
  if (client < 0) return;
  struct link l = { { client, reach(p, 1) }, 1, { 0, 0 }, { 0, 0 }, { 0, 0 }, { 0, 0 }, { allocate(ROOM), allocate(ROOM) } };
  for (i32 s = 0; s < 2; s++) set_option(l.fd[s], 6, 1, &one, sizeof one); /* TCP_NODELAY */
  links[link_count++] = l;
  if (l.fd[1] < 0 || !l.room[0] || !l.room[1]) drop(&links[link_count - 1]);
}

/* What side s may do now. */
static short wanted(const struct link *l, i32 s) {
  short events = 0;
  if (!l->ended[s] && l->have[s] < ROOM && !(s && l->connecting)) events |= IN;
  if (l->have[!s] > l->sent[!s] || (s && l->connecting)) events |= OUT;
  return events;
}

/* False: the connection is over. */
static int push(struct link *l, i32 from) {
  if (l->have[from] > l->sent[from]) {
    i64 n = sys3(NR_write, l->fd[!from], l->room[from] + l->sent[from], l->have[from] - l->sent[from]);
    if (n < 0) return n == -EAGAIN || n == -EINTR;
    l->sent[from] += (ulong)n;
  }
  if (l->sent[from] < l->have[from]) return 1;
  l->sent[from] = l->have[from] = 0;
  if (l->ended[from] && !l->shut[from]) {
    l->shut[from] = 1;
    sys2(NR_shutdown, l->fd[!from], 1);
  }
  return !(l->shut[0] && l->shut[1]);
}

static int pull(struct link *l, i32 s) {
  i64 n = sys3(NR_read, l->fd[s], l->room[s] + l->have[s], ROOM - l->have[s]);
  if (n < 0) return n == -EAGAIN || n == -EINTR;
  if (n == 0) l->ended[s] = 1;
  l->have[s] += (ulong)n;
  return s == 0 && l->connecting ? 1 : push(l, s);
}

static int serve(struct link *l, i32 s, short asked, short got) {
  if (!got || !asked) return 1;
  if (s && l->connecting) {
    if (got & (8 | 16)) return 0;
    l->connecting = 0;
    return push(l, 0);
  }
  if (asked & IN && got & ~OUT && !pull(l, s)) return 0;
  if (!(asked & IN) && got & 8) return 0;
  return !(got & OUT) || push(l, !s);
}

static int same_sender(const struct talk *t, i32 port, const struct address *from) {
  return t->port == port && t->from.port == from->port && *(const i32 *)t->from.host == *(const i32 *)from->host;
}

/* The talk with a sender; a new one takes the place of the one that has been silent longest. */
static struct talk *talk_of(i32 port, const struct address *from) {
  struct talk *t = &talks[0];
  for (i32 i = 0; i < talk_count; i++) {
    if (same_sender(&talks[i], port, from)) return &talks[i];
    if (talks[i].used < t->used) t = &talks[i];
  }
  i32 fd = reach(&ports[port], 2);
  if (fd < 0) return 0;
  if (talk_count < MAX_TALKS) t = &talks[talk_count++];
  else sys1(NR_close, t->fd);
  t->fd = fd;
  t->port = port;
  t->from = *from;
  return t;
}

static void carry_in(i32 port) {
  struct address from;
  unsigned size = sizeof from;
  i64 n = call(NR_recvfrom, ports[port].fd, (i64)packet, ROOM, 64, (i64)&from, (i64)&size);
  struct talk *t = n < 0 ? 0 : talk_of(port, &from);
  if (!t) return;
  t->used = ++turn;
  sys3(NR_write, t->fd, packet, n);
}

static void carry_out(struct talk *t) {
  i64 n = sys3(NR_read, t->fd, packet, ROOM);
  if (n < 0) return;
  t->used = ++turn;
  call(NR_sendto, ports[t->port].fd, (i64)packet, n, 64, (i64)&t->from, sizeof t->from);
}

static void round(i32 control) {
  i32 n = 0, link_total = link_count, talk_total = talk_count;
  polls[n++] = (struct pollfd){ control, IN, 0 };
  for (i32 i = 0; i < port_count; i++)
    polls[n++] = (struct pollfd){ !ports[i].udp && link_count == MAX_LINKS ? -1 : ports[i].fd, IN, 0 };
  for (i32 i = 0; i < link_count; i++)
    for (i32 s = 0; s < 2; s++) {
      short events = wanted(&links[i], s);
      polls[n++] = (struct pollfd){ events ? links[i].fd[s] : -1, events, 0 };
    }
  for (i32 i = 0; i < talk_count; i++) polls[n++] = (struct pollfd){ talks[i].fd, IN, 0 };
  if (sys5(NR_ppoll, polls, n, 0, 0, 8) < 0) return;
  if (polls[0].revents) quit(0);
  /* From the last: a dropped link's place is taken by one that has been served. */
  for (i32 i = 0; i < talk_total; i++)
    if (polls[1 + port_count + 2 * link_total + i].revents) carry_out(&talks[i]);
  for (i32 i = link_total - 1; i >= 0; i--) {
    struct pollfd *p = &polls[1 + port_count + 2 * i];
    if (!serve(&links[i], 0, p[0].events, p[0].revents) || !serve(&links[i], 1, p[1].events, p[1].revents)) drop(&links[i]);
  }
  for (i32 i = 0; i < port_count; i++) {
    if (!polls[1 + i].revents) continue;
    if (ports[i].udp) carry_in(i);
    else if (link_count < MAX_LINKS) accept_one(&ports[i]);
  }
}

__attribute__((used)) void begin(i64 *stack) {
  i32 control = -1, ready = -1, has_user = 0;
  unsigned uid = 0, gid = 0;
  ulong all = ~0ul;
  for (char **a = (char **)(stack + 1) + 1; a[0] && a[1]; a += 2) {
    const char *v = a[1];
    if (same(*a, "--control")) control = (i32)number(&v);
    else if (same(*a, "--await")) ready = (i32)number(&v);
    else if (same(*a, "--user")) { has_user = 1; uid = (unsigned)number(&v); v++; gid = (unsigned)number(&v); }
    else if (same(*a, "--tcp")) add_port(0, v);
    else if (same(*a, "--udp")) add_port(1, v);
    else if (same(*a, "--join")) {
      if (ready >= 0) await(ready);
      if (join_network((i32)number(&v)) < 0) quit(126);
    } else quit(126);
  }
  sys4(NR_sigmask, 2, &all, 0, 8);
  if (has_user && (sys2(NR_setgroups, 0, 0) < 0 || sys3(NR_setresgid, gid, gid, gid) < 0 || sys3(NR_setresuid, uid, uid, uid) < 0))
    quit(126);
  for (;;) round(control);
}
