#include "ui/typed.h"

#include "base/text.h"

enum { TYPED_MAX = 512 };

void typed_init(struct typed *typed)
{
    *typed = (struct typed){0};
    buf_init(&typed->text, TYPED_MAX);
}

void typed_finish(struct typed *typed)
{
    buf_finish(&typed->text);
}

void typed_clear(struct typed *typed)
{
    buf_clear(&typed->text);
}

static void erase_one(struct buf *text)
{
    while (text->length > 0) {
        unsigned char last = (unsigned char)text->data[--text->length];
        if ((last & 0xc0) != 0x80) {
            break;
        }
    }
    if (text->data) {
        text->data[text->length] = '\0';
    }
}

bool typed_input(struct typed *typed, const struct input *input, bool pastes)
{
    typed->pasted = false;
    if (input->kind == INPUT_PASTE) {
        typed->pasted = true;
        if (!pastes) {
            buf_clear(&typed->text);
        }
    } else if (input->key == KEYS_BACKSPACE) {
        erase_one(&typed->text);
    } else if (input->key == KEYS_ERASE) {
        buf_clear(&typed->text);
    } else if (input->key < KEYS_FIRST && text_point_safe(input->key)) {
        text_encode(&typed->text, input->key);
    } else {
        return false;
    }
    return true;
}

int typed_draw(const struct typed *typed, struct canvas *canvas, int x, int y)
{
    x = canvas_text(canvas, x, y, STYLE_KEY, canvas_glyph(canvas, GLYPH_POINTER)) + 1;
    x = canvas_text(canvas, x, y, STYLE_INPUT, buf_string(&typed->text));
    return canvas_text(canvas, x, y, STYLE_CURSOR, " ");
}
