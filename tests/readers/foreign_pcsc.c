/* A PC/SC library that is nobody's, in one of three shapes: -DABI_PCSCLITE, -DABI_WINDOWS or -DABI_MACOS.

   Its types and structures are written from the facts in vectors/readers/abi.json and know nothing of the Python that
   calls it: what the two do not understand in the same way, a test finds. It has readers and one card, no service and
   no device. What a caller hands over wrongly it answers with BADLY_CALLED.

   foreign_* are for the test: how many readers there are, which call fails with which code, which length is a lie. */

#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#if defined ABI_PCSCLITE
typedef unsigned long dword;
typedef long result, handle;
typedef char character;
#define TEXT(name) name
#define TEXTUAL(function) function
#define CONTROL SCardControl
#define CONTROL_CODE(function) (0x42000000 + (function))
enum { ATR_ROOM = 33, MOST = 65548, LISTS_NOTHING = 0 };
static const handle CONTEXT = 0x7766554433221100, CARD = 0x1122334455667788;
#elif defined ABI_WINDOWS /* where a long has 4 bytes, and wchar_t 2 */
typedef uint32_t dword;
typedef int32_t result;
typedef uintptr_t handle;
typedef uint16_t character;
#define TEXT(name) u##name
#define TEXTUAL(function) function##W
#define CONTROL SCardControl
#define CONTROL_CODE(function) (0x31 << 16 | (function) << 2)
enum { ATR_ROOM = 36, MOST = 65535, LISTS_NOTHING = 0 };
static const handle CONTEXT = 0xFFEEDDCCBBAA9988, CARD = 0x8877665544332211;
#elif defined ABI_MACOS
typedef uint32_t dword;
typedef int32_t result, handle;
typedef char character;
#define TEXT(name) name
#define TEXTUAL(function) function
#define CONTROL SCardControl132
#define CONTROL_CODE(function) (0x42000000 + (function))
enum { ATR_ROOM = 33, MOST = 65548, LISTS_NOTHING = 1 }; /* no reader is a success, with no name */
static const handle CONTEXT = -2, CARD = -0x7FFFFFF0;
#pragma pack(push, 1)
#endif

typedef struct {
    const character *name;
    void *user_data;
    dword current, event, atr_length;
    unsigned char atr[ATR_ROOM];
} reader_state;

typedef struct {
    dword protocol, length;
} io_request;

#ifdef ABI_MACOS
#pragma pack(pop)
#endif

enum { SUCCESS = 0, PRESENT = 0x20, CHANGED = 0x02, EMPTY = 0x10, T1 = 2, READERS = 3 };
static const result BADLY_CALLED = (result)0x80100004, TOO_SMALL = (result)0x80100008, CANCELLED = (result)0x80100002,
                    TIMEOUT = (result)0x8010000A, NO_CARD = (result)0x8010000C, UNKNOWN_READER = (result)0x80100009,
                    INVALID_HANDLE = (result)0x80100003, NO_READERS = (result)0x8010002E;

static const unsigned char ATR[] = {0x3B, 0xE0, 0x00, 0xFF, 0x81, 0x31, 0xFE, 0x45, 0x14};
static const character *NAMES[READERS] = {
    TEXT("A Foreign Reader 00 00"),
    TEXT("\uFF20 \u30AB\u30FC\u30C9 01"),
    (const character[]){'?', (character)0xDCFF, '!', 0}, /* no text: half a surrogate pair, or a byte that UTF-8 lacks */
};

/* --- for the test ------------------------------------------------------------------------------------------------ */

static int readers = READERS;
static dword crowd;
static char failing[32], lying[32];
static result failure;
static dword lie;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static volatile int waiting;
static int cancelled;

void foreign_readers(int count) { readers = count; }
void foreign_crowd(unsigned characters) { crowd = characters; }
int foreign_waits(void) { return waiting; }

void foreign_fail(const char *call, long long code) {
    strncpy(failing, call, sizeof failing - 1);
    failure = (result)code;
}

void foreign_lie_about_length(const char *call, unsigned long long length) {
    strncpy(lying, call, sizeof lying - 1);
    lie = (dword)length;
}

size_t foreign_size(int io) { return io ? sizeof(io_request) : sizeof(reader_state); }

static result failed(const char *call) {
    if (strcmp(call, failing))
        return SUCCESS;
    failing[0] = 0;
    return failure;
}

static dword claimed(const char *call, dword length) {
    if (strcmp(call, lying))
        return length;
    lying[0] = 0;
    return lie;
}

#define MAY_FAIL(call) \
    do { \
        result code = failed(call); \
        if (code) \
            return code; \
    } while (0)
#define NEEDS(condition, code) \
    do { \
        if (!(condition)) \
            return code; \
    } while (0)

/* --- the library ------------------------------------------------------------------------------------------------- */

static dword length_of(const character *text) {
    dword length = 0;
    while (text[length])
        length++;
    return length;
}

static int reader_named(const character *name) {
    for (int reader = 0; reader < readers; reader++) {
        dword length = length_of(NAMES[reader]);
        if (length_of(name) == length && !memcmp(name, NAMES[reader], length * sizeof *name))
            return reader;
    }
    return -1;
}

result SCardEstablishContext(dword scope, const void *reserved1, const void *reserved2, handle *context) {
    MAY_FAIL("SCardEstablishContext");
    NEEDS(scope == 0 && !reserved1 && !reserved2 && context, BADLY_CALLED);
    *context = CONTEXT;
    return SUCCESS;
}

result SCardReleaseContext(handle context) {
    MAY_FAIL("SCardReleaseContext");
    NEEDS(context == CONTEXT, INVALID_HANDLE);
    return SUCCESS;
}

result SCardCancel(handle context) {
    MAY_FAIL("SCardCancel");
    NEEDS(context == CONTEXT, INVALID_HANDLE);
    pthread_mutex_lock(&lock);
    cancelled = 1;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
    return SUCCESS;
}

result TEXTUAL(SCardListReaders)(handle context, const character *groups, character *names, dword *length) {
    dword room = *length, written = 0;
    MAY_FAIL("SCardListReaders");
    NEEDS(context == CONTEXT, INVALID_HANDLE);
    NEEDS(!groups && names, BADLY_CALLED);
    NEEDS(readers || LISTS_NOTHING, NO_READERS);
    if (crowd) {
        *length = crowd + 2;
        NEEDS(*length <= room, TOO_SMALL);
        while (written < crowd)
            names[written++] = 'x';
        names[written++] = 0;
    }
    for (int reader = 0; reader < readers && !crowd; reader++) {
        dword needed = length_of(NAMES[reader]) + 1;
        NEEDS(written + needed < room, TOO_SMALL);
        memcpy(names + written, NAMES[reader], needed * sizeof *names);
        written += needed;
    }
    names[written++] = 0;
    *length = claimed("SCardListReaders", written);
    return SUCCESS;
}

static result wait_for_cancel(dword timeout_ms) {
    struct timespec until;
    result code = SUCCESS;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += timeout_ms / 1000;
    pthread_mutex_lock(&lock);
    waiting = 1;
    while (!cancelled && !code)
        code = pthread_cond_timedwait(&changed, &lock, &until) ? TIMEOUT : SUCCESS;
    waiting = cancelled = 0;
    pthread_mutex_unlock(&lock);
    return code ? code : CANCELLED;
}

result TEXTUAL(SCardGetStatusChange)(handle context, dword timeout_ms, reader_state *states, dword count) {
    int news = 0;
    MAY_FAIL("SCardGetStatusChange");
    NEEDS(context == CONTEXT, INVALID_HANDLE);
    for (dword each = 0; each < count; each++) {
        int reader = reader_named(states[each].name);
        int present = reader == 0;
        dword now = present ? 0x00050000 | PRESENT : EMPTY;
        NEEDS(!states[each].user_data && !states[each].atr_length, BADLY_CALLED);
        NEEDS(!(states[each].current & CHANGED), BADLY_CALLED);
        NEEDS(reader >= 0, UNKNOWN_READER);
        news |= now != states[each].current;
        states[each].event = now | (now == states[each].current ? 0 : CHANGED);
        states[each].atr_length = claimed("SCardGetStatusChange", present ? sizeof ATR : 0);
        memcpy(states[each].atr, ATR, present ? sizeof ATR : 0);
    }
    if (news)
        return SUCCESS;
    return timeout_ms ? wait_for_cancel(timeout_ms) : TIMEOUT;
}

result TEXTUAL(SCardConnect)(handle context, const character *name, dword share, dword protocols, handle *card,
                             dword *protocol) {
    MAY_FAIL("SCardConnect");
    NEEDS(context == CONTEXT, INVALID_HANDLE);
    NEEDS(1 <= share && share <= 3 && protocols == 3 && card && protocol, BADLY_CALLED);
    NEEDS(reader_named(name) >= 0, UNKNOWN_READER);
    NEEDS(reader_named(name) != 1, NO_CARD);
    *card = CARD;
    *protocol = T1;
    return SUCCESS;
}

result SCardDisconnect(handle card, dword disposition) {
    MAY_FAIL("SCardDisconnect");
    NEEDS(card == CARD, INVALID_HANDLE);
    NEEDS(disposition <= 3, BADLY_CALLED);
    return SUCCESS;
}

result SCardBeginTransaction(handle card) {
    MAY_FAIL("SCardBeginTransaction");
    NEEDS(card == CARD, INVALID_HANDLE);
    return SUCCESS;
}

result SCardEndTransaction(handle card, dword disposition) {
    MAY_FAIL("SCardEndTransaction");
    NEEDS(card == CARD, INVALID_HANDLE);
    NEEDS(disposition <= 3, BADLY_CALLED);
    return SUCCESS;
}

result TEXTUAL(SCardStatus)(handle card, character *name, dword *name_length, dword *state, dword *protocol,
                            unsigned char *atr, dword *atr_length) {
    MAY_FAIL("SCardStatus");
    NEEDS(card == CARD, INVALID_HANDLE);
    NEEDS(name && name_length && state && protocol && atr && atr_length, BADLY_CALLED);
    NEEDS(*name_length > length_of(NAMES[0]) + 1 && *atr_length == ATR_ROOM, BADLY_CALLED);
    memcpy(name, NAMES[0], (length_of(NAMES[0]) + 1) * sizeof *name);
    *name_length = length_of(NAMES[0]) + 2;
    *state = 0x34;
    *protocol = T1;
    memcpy(atr, ATR, sizeof ATR);
    *atr_length = claimed("SCardStatus", sizeof ATR);
    return SUCCESS;
}

/* The card: READ BINARY reads as many bytes '5A' as Le says, GET CHALLENGE gives the command back, UPDATE BINARY counts. */
static dword card_says(const unsigned char *command, dword length, unsigned char *answer, dword room) {
    dword data = 0;
    if (length >= 4 && command[1] == 0xB0) {
        dword le = length == 5 ? command[4] : length == 7 ? (dword)command[5] << 8 | command[6] : 0;
        data = le ? le : length == 7 ? 65536 : 256;
        if (data + 2 > room)
            return data + 2;
        memset(answer, 0x5A, data);
    } else if (length >= 4 && command[1] == 0x84) {
        memcpy(answer, command, data = length);
    } else if (length >= 4 && command[1] == 0xD6) {
        answer[data++] = length >> 16;
        answer[data++] = length >> 8;
        answer[data++] = length;
    }
    answer[data++] = length < 4 ? 0x67 : 0x90;
    answer[data++] = 0x00;
    return data;
}

result SCardTransmit(handle card, const io_request *sent, const unsigned char *command, dword length,
                     io_request *received, unsigned char *answer, dword *answer_length) {
    dword room = *answer_length;
    MAY_FAIL("SCardTransmit");
    NEEDS(card == CARD, INVALID_HANDLE);
    NEEDS(sent->protocol == T1 && sent->length == sizeof *sent && !received && room <= MOST, BADLY_CALLED);
    *answer_length = card_says(command, length, answer, room);
    NEEDS(*answer_length <= room, TOO_SMALL);
    *answer_length = claimed("SCardTransmit", *answer_length);
    return SUCCESS;
}

result CONTROL(handle card, dword code, const void *sent, dword length, void *answer, dword room, dword *answer_length) {
    MAY_FAIL("SCardControl");
    NEEDS(card == CARD, INVALID_HANDLE);
    NEEDS(code == CONTROL_CODE(3400) && room <= MOST && room >= length, BADLY_CALLED);
    memcpy(answer, sent, length);
    *answer_length = claimed("SCardControl", length);
    return SUCCESS;
}

#ifdef ABI_MACOS /* the older function that kept the name has other arguments */
result SCardControl(handle card, const void *sent, dword length, void *answer, dword *answer_length) {
    (void)card, (void)sent, (void)length, (void)answer, (void)answer_length;
    return BADLY_CALLED;
}
#endif
