/* The least that a console with our libraries can be: an ncurses program that links the
 * same six and paints one line. `make bench` holds the first paint of greenboard against
 * it. */
#include <curl/curl.h>
#include <curses.h>
#include <hiredis/hiredis.h>
#include <jansson.h>
#include <locale.h>
#include <openssl/ssl.h>
#include <sqlite3.h>
#include <stdint.h>
#include <unistd.h>

/* The linker drops a library of which nothing is named. */
static uintptr_t name_libraries(void)
{
    return (uintptr_t)curl_version ^ (uintptr_t)redisReaderCreate ^
           (uintptr_t)json_object ^ (uintptr_t)SSL_new ^ (uintptr_t)sqlite3_libversion;
}

int main(void)
{
    setlocale(LC_CTYPE, "");
    if (name_libraries() == 0 || !initscr()) {
        return 1;
    }
    mvaddstr(0, 0, "one line, painted");
    refresh();
    pause();
    endwin();
    return 0;
}
