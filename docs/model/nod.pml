/* The rules of NodCore that safety rests on, for three nodes, small enough to go through every state.
 * What is said is never unsaid: every frame may be lost, late, repeated or relayed, so what can be heard is the set of
 * all that was ever said. A step hears what it needs of that set. See README.md for how it maps to the code.
 * Bounds: BALLOTS, LENGTH. Broken variants: one -D each, named in README.md; tools like docs/model/check set them.
 */
#ifndef BALLOTS
#define BALLOTS 3
#endif
#ifndef LENGTH
#define LENGTH 3
#endif
#define NODES 3
#define QUORUM 2
#define NONE 9

/* An entry is the begin of a ballot, or the command that its leader proposes; 0 is no entry. */
#define BEGIN(b) (b)
#define COMMAND(b) (BALLOTS + (b))
#define BIT(v) (1 << (v))

#define follower 0
#define candidate 1
#define adopted 2
#define leader 3

/* What a node remembers: Consensus/Acceptor.swift. Index 0 of every array is not used. */
typedef Memory {
  byte promised;
  byte accepted; /* the log up to last is labelled with this ballot as a whole */
  byte last;
  byte entry[LENGTH + 1]
}
Memory store[2 * NODES];
#define MEM(n) (n)
#define DISK(n) (NODES + (n))
#define mem(n) store[MEM(n)]
#define disk(n) store[DISK(n)]
byte role[NODES]; /* lost with the power */

/* What was said, by anybody, at any time. */
typedef Positions { byte node[NODES] }
typedef Entries { short at[LENGTH + 1] }
bool prepared[BALLOTS + 1];        /* prepare */
Positions promise[BALLOTS + 1];    /* promise: 0 none, else 1 + accepted * 8 + last */
Entries said[BALLOTS + 1];         /* entries under the ballot of their frame, a bit each */
Positions vote[BALLOTS + 1];       /* votes: the highest position told of each member */
byte adoptedBy[BALLOTS + 1];       /* in the begin entry: the accepted ballot of the adopted log */

/* Not part of the protocol: who chose which ballot, and what was decided, by whomever first. */
byte owner[BALLOTS + 1];
byte decided[LENGTH + 1];

/* Scratch of one step, zero between steps. */
byte i, j, k, base, top, label, acc, size;

/* check turns the others off for one run: a variant must break agreement itself, not only what it rests on. */
#ifdef ONLY_AGREEMENT
#define invariant(x) skip
#else
#define invariant(x) assert(x)
#endif

inline clear() { i = 0; j = 0; k = 0; base = 0; top = 0; label = 0; acc = 0; size = 0 }

/* The one entry that was said at this place of a ballot's log. */
inline heard(b, index) {
  j = 1;
  do
  :: j <= 2 * BALLOTS && !(said[b].at[index] & BIT(j)) -> j++
  :: else -> break
  od;
  invariant(said[b].at[index] == BIT(j)) /* one_entry */
}

/* Whether all of base + 1 ... top of the log of ballot b can be heard: then k == top. */
inline reach(b) {
  k = base;
  do
  :: k < top && said[b].at[k + 1] != 0 -> k++
  :: else -> break
  od
}

/* Takes base + 1 ... top of the log of ballot b in place of what was there: staged first, then one record. */
inline take(n, b) {
  i = base + 1;
  do
  :: i <= top -> heard(b, i); mem(n).entry[i] = j; i++
  :: else -> break
  od;
  i = top + 1;
  do
  :: i <= LENGTH -> mem(n).entry[i] = 0; i++
  :: else -> break
  od;
  mem(n).last = top
}

inline append(n, v) {
  mem(n).last++;
  mem(n).entry[mem(n).last] = v;
  said[mem(n).accepted].at[mem(n).last] = said[mem(n).accepted].at[mem(n).last] | BIT(v)
}

/* What this node has of its log may be told, and relayed, under a ballot. */
inline tell(n, b) {
  i = 1;
  do
  :: i <= mem(n).last -> said[b].at[i] = said[b].at[i] | BIT(mem(n).entry[i]); i++
  :: else -> break
  od
}

inline tellVote(n, s) {
  if
  :: store[s].accepted > 0 && vote[store[s].accepted].node[n] < store[s].last -> vote[store[s].accepted].node[n] = store[s].last
  :: else
  fi
#ifdef COUNTS_OLD_BALLOTS
  ;
  k = store[s].accepted + 1;
  do
  :: k <= BALLOTS && k <= store[s].promised ->
    i = 0;
    do
    :: i < store[s].last && said[k].at[i + 1] == BIT(store[s].entry[i + 1]) -> i++
    :: else -> break
    od;
    if
    :: vote[k].node[n] < i -> vote[k].node[n] = i
    :: else
    fi;
    k++
  :: else -> break
  od
#endif
}

inline tellPromise(n, s) {
  if
  :: role[n] == candidate -> prepared[store[s].promised] = true
  :: role[n] == follower && store[s].promised > store[s].accepted && prepared[store[s].promised] ->
    promise[store[s].promised].node[n] = 1 + store[s].accepted * 8 + store[s].last
  :: else
  fi
}

/* VoteVector, Quorum; Acceptor: learn, settle. */
#ifdef VOTES_OF_TWO_BALLOTS
#define reaches(b, m, index) (vote[b].node[m] >= (index) || (b > 1 && vote[b - 1].node[m] >= (index)))
#else
#define reaches(b, m, index) (vote[b].node[m] >= (index))
#endif
#define counts(b, index) (reaches(b, 0, index) + reaches(b, 1, index) + reaches(b, 2, index) >= QUORUM)
#ifdef LEARNS_ANY_BALLOT
#define highestFor(n) BALLOTS
#else
#define highestFor(n) mem(n).accepted
#endif

/* What each node may take for decided now, from the merged votes of a ballot up to the one of its log. */
inline decide() {
  j = 0;
  do
  :: j < NODES ->
    k = 1;
    do
    :: k <= highestFor(j) ->
      i = 1;
      do
      :: i <= mem(j).last && counts(k, i) ->
        decided[i] = (decided[i] == 0 -> mem(j).entry[i] : decided[i]);
        assert(decided[i] == mem(j).entry[i]); /* agreement */
        i++
      :: else -> break
      od;
      k++
    :: else -> break
    od;
    j++
  :: else -> break
  od;
  i = 1;
  do
  :: i <= LENGTH && decided[i] != 0 ->
    invariant((disk(0).entry[i] == decided[i]) + (disk(1).entry[i] == decided[i])
      + (disk(2).entry[i] == decided[i]) >= QUORUM); /* on_a_quorum_of_disks */
    i++
  :: else -> break
  od
}

inline checkPromises(n) {
  /* What was promised to others is still on disk. */
  i = 1;
  do
  :: i <= BALLOTS ->
    invariant(promise[i].node[n] == 0 || disk(n).promised >= i); /* promises_stay */
    invariant(vote[i].node[n] == 0 || disk(n).promised >= i);    /* promises_stay */
    i++
  :: else -> break
  od
}

inline copy(to, from) {
  store[to].promised = store[from].promised;
  store[to].accepted = store[from].accepted;
  store[to].last = store[from].last;
  i = 1;
  do
  :: i <= LENGTH -> store[to].entry[i] = store[from].entry[i]; i++
  :: else -> break
  od;
  i = 0
}

#if LENGTH == 2
#define sameEntries(n) (mem(n).entry[1] == disk(n).entry[1] && mem(n).entry[2] == disk(n).entry[2])
#endif
#if LENGTH == 3
#define sameEntries(n) (mem(n).entry[1] == disk(n).entry[1] && mem(n).entry[2] == disk(n).entry[2] \
  && mem(n).entry[3] == disk(n).entry[3])
#endif
#define isSaved(n) (mem(n).promised == disk(n).promised && mem(n).accepted == disk(n).accepted \
  && mem(n).last == disk(n).last && sameEntries(n))

/* Station+Persist, NodJournal: everything up to here is on disk in one batch; now it may be spoken of. */
inline sync(n) { copy(DISK(n), MEM(n)); tellVote(n, DISK(n)); tellPromise(n, DISK(n)) }

/* At the end of every step. */
inline done(n) {
#ifdef VOTE_BEFORE_SYNC
  tellVote(n, MEM(n));
#endif
#ifdef PROMISE_BEFORE_SYNC
  tellPromise(n, MEM(n));
#endif
#ifdef RELAY_RESTAMPS
  if
  :: role[n] == follower && mem(n).promised > mem(n).accepted -> tell(n, mem(n).promised)
  :: else
  fi;
#endif
#ifdef SILENT_MEMORY
  /* Only a leader speaks of what it has in memory alone; for all others a power cut before the sync is as if they had
   * not heard. So nothing is lost of what can happen if they sync with every step. */
  if
  :: role[n] == follower || role[n] == candidate -> sync(n)
  :: else
  fi;
#endif
  decide();
  checkPromises(n);
  clear()
}

/* Node+Election: campaign. Ballots are (round, node) in the code: no two nodes have one in common. Nodes are alike, so
 * the lowest ballot is node 0's, and the next is not node 2's. */
#ifdef TWO_RIVALS
#define mayChoose(n, b) (n == (b + 1) % 2)
#else
#define mayChoose(n, b) (n < b)
#endif
#define CAMPAIGN(b) \
  :: d_step { b > mem(n).promised && (owner[b] == NONE || owner[b] == n) && mayChoose(n, b) -> \
       owner[b] = n; mem(n).promised = b; role[n] = candidate; done(n) }

/* Node+Election: heardPrepare; Node+Heard: merge, for a ballot in which a log was accepted was prepared too. */
#define PROMISE(b) \
  :: d_step { b > mem(n).promised && prepared[b] -> \
       mem(n).promised = b; role[n] = follower; done(n) }

/* Node+Election: countPromises, adoptIfRecovered, with the promise of m and the own; Acceptor: align, alignOwn. */
#define ADOPT(m) \
  :: d_step { m != n && role[n] == candidate && disk(n).promised == mem(n).promised \
       && promise[mem(n).promised].node[m] != 0 -> \
       adopt(n, m); done(n) }

inline adopt(n, m) {
  acc = (promise[mem(n).promised].node[m] - 1) / 8;
  size = (promise[mem(n).promised].node[m] - 1) % 8;
  if
#ifdef CANDIDATE_FORGETS_ITSELF
  :: false -> skip
#else
#ifdef CANDIDATE_KEEPS_ITS_OWN
  :: true ->
#else
  :: mem(n).accepted > acc || (mem(n).accepted == acc && mem(n).last >= size) ->
#endif
    acc = mem(n).accepted /* its own log is the best, as it stands */
#endif
  :: else ->
    /* Two logs of one ballot are prefixes of one log; otherwise only what is decided is surely shared. */
    if
    :: acc == mem(n).accepted && mem(n).last <= size -> base = mem(n).last
    :: else -> base = 0 /* the code keeps what it knows to be decided: it is the same */
    fi;
    top = size;
    reach(acc);
    invariant(k == top || top < base); /* one_entry */
    if
    :: top < base -> top = base
    :: else
    fi;
    take(n, acc)
  fi;
  adoptedBy[mem(n).promised] = acc;
  mem(n).accepted = mem(n).promised;
  role[n] = adopted;
  tell(n, mem(n).accepted)
}

/* Node+Heard: followAlignment, takeEntries; Acceptor: beginStage, shortenStage, align. The whole way to the begin entry
 * in one step, since what is staged on the way counts for nothing. */
#define ALIGN(b) \
  :: d_step { b > mem(n).accepted && b >= mem(n).promised && owner[b] != NONE \
       && (role[n] == follower || b > mem(n).promised) && aligns(b) -> \
       align(n, b); done(n) }

#if LENGTH == 2
#define beginOf(b) (said[b].at[1] & BIT(BEGIN(b)) -> 1 : (said[b].at[2] & BIT(BEGIN(b)) -> 2 : 0))
#endif
#if LENGTH == 3
#define beginOf(b) (said[b].at[1] & BIT(BEGIN(b)) -> 1 : (said[b].at[2] & BIT(BEGIN(b)) -> 2 \
  : (said[b].at[3] & BIT(BEGIN(b)) -> 3 : 0)))
#endif

#ifdef FIRST_CHUNK_SWITCHES
#define aligns(b) (said[b].at[1] != 0)
#else
/* A leader tells its whole log before its begin, so all below a begin can be heard. */
#define aligns(b) (beginOf(b) != 0)
#endif

inline align(n, b) {
  base = 0;
#ifdef FIRST_CHUNK_SWITCHES
  top = base + 1;
#else
  top = beginOf(b);
  if
  :: adoptedBy[b] == mem(n).accepted && mem(n).accepted > 0 ->
    base = (mem(n).last < top - 1 -> mem(n).last : top - 1)
  :: else
  fi;
#endif
  reach(b);
  invariant(k == top); /* one_entry */
  take(n, b);
  mem(n).promised = b;
  mem(n).accepted = b;
  role[n] = follower
}

/* Node+CatchUp: installFetched; Acceptor: install. A snapshot of what is decided up to an index, from a node that learned
 * so in a ballot: to hear a log accepted in that ballot promises it (Node+Heard: merge). */
#define INSTALL(index, b) \
  :: d_step { decided[index] != 0 && counts(b, index) -> install(n, index, b); done(n) }

inline install(n, index, b) {
  top = index;
  /* The log becomes one of the ballot of the newest begin in it. */
  i = 1;
  do
  :: i <= top -> label = (decided[i] <= BALLOTS -> decided[i] : label); i++
  :: else -> break
  od;
#ifdef SNAPSHOT_TAKES_THE_SENDERS_BALLOT
  /* Who has it may have accepted in a later ballot since, and have less than that ballot's begin in the snapshot. */
  j = 0;
  do
  :: j < NODES ->
    label = (mem(j).entry[index] == decided[index] && mem(j).accepted > label -> mem(j).accepted : label);
    j++
  :: else -> break
  od;
#endif
#ifdef SNAPSHOT_KEEPS_THE_BALLOT
  label = 0;
#endif
  i = 1;
  do
  :: i <= index -> mem(n).entry[i] = decided[i]; i++
  :: else -> break
  od;
  if
#ifndef SNAPSHOT_CUTS_THE_TAIL
  :: index < mem(n).last -> skip /* accepted entries above it stay, and so does their ballot */
#endif
  :: else ->
    do
    :: i <= LENGTH -> mem(n).entry[i] = 0; i++
    :: else -> break
    od;
    mem(n).last = index;
    mem(n).accepted = (label > mem(n).accepted -> label : mem(n).accepted)
  fi;
#ifdef SNAPSHOT_PROMISES_NOTHING
  if
  :: mem(n).promised < mem(n).accepted -> mem(n).promised = mem(n).accepted; role[n] = follower
#else
  if
  :: mem(n).promised < b || mem(n).promised < mem(n).accepted ->
    mem(n).promised = (b > mem(n).accepted -> b : mem(n).accepted);
    role[n] = follower
#endif
  :: else
  fi
}

#if LENGTH == 2
#define INSTALL_EACH(b) INSTALL(1, b) INSTALL(2, b)
#endif
#if LENGTH == 3
#define INSTALL_EACH(b) INSTALL(1, b) INSTALL(2, b) INSTALL(3, b)
#endif
#if BALLOTS == 2
#define EACH_BALLOT(step) step(1) step(2)
#endif
#if BALLOTS == 3
#define EACH_BALLOT(step) step(1) step(2) step(3)
#endif
#if BALLOTS == 4
#define EACH_BALLOT(step) step(1) step(2) step(3) step(4)
#endif

proctype Node(byte n) {
end_resting:
  do
  EACH_BALLOT(CAMPAIGN)
  EACH_BALLOT(PROMISE)
  ADOPT(0) ADOPT(1) ADOPT(2)
  /* Node+Election: lead. */
  :: d_step { role[n] == adopted && mem(n).last < LENGTH ->
       append(n, BEGIN(mem(n).accepted)); role[n] = leader; done(n) }
  /* Node+Leader: propose. Entries are told before they are on disk; the vote is not. */
  :: d_step { role[n] == leader && mem(n).last < LENGTH -> append(n, COMMAND(mem(n).accepted)); done(n) }
  /* Acceptor: accept, the next entry in the accepted ballot. */
  :: d_step { role[n] == follower && mem(n).accepted == mem(n).promised && mem(n).accepted > 0 &&
       mem(n).last < LENGTH && said[mem(n).accepted].at[mem(n).last + 1] != 0 ->
       heard(mem(n).accepted, mem(n).last + 1); append(n, j); done(n) }
#ifdef COUNTS_OLD_BALLOTS
  :: d_step { role[n] == follower && mem(n).accepted < mem(n).promised &&
       mem(n).last < LENGTH && said[mem(n).promised].at[mem(n).last + 1] != 0 ->
       heard(mem(n).promised, mem(n).last + 1); append(n, j); done(n) }
#endif
  EACH_BALLOT(ALIGN)
#ifndef TWO_RIVALS
  EACH_BALLOT(INSTALL_EACH)
#endif
  :: d_step { !isSaved(n) -> sync(n); done(n) }
  /* The power is cut: what is on disk is what there is. Whoever has all on disk and loses only its role could as well
   * never speak in that role again. */
  :: d_step { !isSaved(n) -> copy(MEM(n), DISK(n)); role[n] = follower; done(n) }
  od
}

init {
  d_step {
    i = 1;
    do
    :: i <= BALLOTS -> owner[i] = NONE; i++
    :: else -> break
    od;
    i = 0
  }
  atomic { run Node(0); run Node(1); run Node(2) }
}
