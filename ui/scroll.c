#include "ui/scroll.h"

bool scroll_to(size_t *at, size_t count, enum action action)
{
    enum { PAGE = 8 };
    size_t last = count > 0 ? count - 1 : 0;
    switch (action) {
    case ACTION_DOWN:
        *at += *at < last;
        return true;
    case ACTION_UP:
        *at -= *at > 0;
        return true;
    case ACTION_PAGE_DOWN:
        *at = *at + PAGE < last ? *at + PAGE : last;
        return true;
    case ACTION_PAGE_UP:
        *at = *at > PAGE ? *at - PAGE : 0;
        return true;
    case ACTION_FIRST:
        *at = 0;
        return true;
    case ACTION_LAST:
        *at = last;
        return true;
    default:
        return false;
    }
}
